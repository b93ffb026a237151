/* SPDX-License-Identifier: MIT */
#include "handlers/people.h"

#include "config.h"
#include "db/user_repo.h"
#include "domain/people.h"
#include "domain/tokens.h"
#include "gateway.h"
#include "handlers/list_stream.h"
#include "handlers/login.h"
#include "http/request.h"
#include "http/response.h"

#include <cjson/cJSON.h>
#include <string.h>

static struct people people_of(const struct gateway *gateway)
{
	return (struct people){gateway->pool, gateway->database_timeout_ms, gateway->config->password_min};
}

static int answer(struct request *request, struct response *response, const char *json)
{
	response_json_text(request, response, json, strlen(json));
	return 0;
}

/* --- oneself */

int handle_me_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct people people = people_of(gateway);
	struct tokens_source source = {gateway->pool, gateway->database_timeout_ms};
	const struct principal *me = &request->principal;
	const char *user, *token;
	if (people_read(&people, me->username, request->arena, &user, NULL, err) ||
		tokens_read(&source, me->token_pk, request->arena, &token, err))
		return -1;
	buf_append_text(&response->body, "{\"name\":");
	buf_append_json_string(&response->body, me->username);
	buf_printf(&response->body, ",\"role\":\"%s\",\"user\":%s,\"token\":%s}", role_name(me->role), user,
		token);
	response_json(request, response);
	return 0;
}

int handle_me_password(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct people people = people_of(gateway);
	const struct principal *me = &request->principal;
	struct people_change change = {.password = request_text(request->json, "new_password")};
	const char *present = request_text(request->json, "current_password"), *ignored;
	int64_t user_pk;
	if (login_check(gateway, request, response, me->username, present, &user_pk, err)) {
		if (err->code == ERROR_UNAUTHORIZED) /* a 401 would say that the token is no good */
			error_set(err, ERROR_FORBIDDEN, "the current password is not right");
		return -1;
	}
	return people_change(&people, me->username, &change, me->token_pk, request->arena, &ignored, err);
}

/* --- all accounts */

int handle_user_list(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	return list_stream_all(gateway, request, response, user_list_json, err);
}

int handle_user_create(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct people people = people_of(gateway);
	const char *json, *role = request_text(request->json, "role");
	if (people_create(&people, request_text(request->json, "name"),
		    request_text(request->json, "password"), role ? role : role_name(ROLE_READER),
		    request->arena, &json, err))
		return -1;
	return answer(request, response, json);
}

int handle_user_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct people people = people_of(gateway);
	const char *json, *tag;
	if (people_read(&people, request_param(request, "name"), request->arena, &json, &tag, err))
		return -1;
	if (tag)
		response_header(request, response, "ETag", tag);
	return answer(request, response, json);
}

static enum people_active active_of(const struct request *request)
{
	const cJSON *active = request_field(request->json, "active");
	if (!active)
		return PEOPLE_AS_IS;
	return cJSON_IsTrue(active) ? PEOPLE_ENABLE : PEOPLE_DISABLE;
}

int handle_user_update(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct people people = people_of(gateway);
	struct people_change change = {
		.password = request_text(request->json, "password"),
		.role = request_text(request->json, "role"),
		.active = active_of(request),
		.if_match = request_header(request, "If-Match"),
	};
	const char *json;
	if (people_change(&people, request_param(request, "name"), &change, request->principal.token_pk,
		    request->arena, &json, err))
		return -1;
	return answer(request, response, json);
}

int handle_user_delete(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)response;
	struct people people = people_of(gateway);
	struct people_change change = {
		.active = PEOPLE_DISABLE, .if_match = request_header(request, "If-Match")};
	const char *ignored;
	return people_change(
		&people, request_param(request, "name"), &change, 0, request->arena, &ignored, err);
}
