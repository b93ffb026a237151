/* SPDX-License-Identifier: MIT */
#include "handlers/identifiers.h"

#include "domain/identifiers.h"
#include "handlers/handler_scope.h"
#include "http/response.h"

#include <string.h>

static void answer(struct request *request, struct response *response, const struct identifier_type *type)
{
	struct buf *body = &response->body;
	buf_append_text(body, "{\"name\":");
	buf_append_json_string(body, type->name);
	buf_append_text(body, ",\"pattern\":");
	buf_append_json_string(body, type->pattern);
	buf_append_text(body, "}");
	response_json(request, response);
}

int handle_identifier_list(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct scope scope = handler_scope(gateway, request);
	const char *json;
	if (identifiers_list(&scope, &json, err) != 0)
		return -1;
	response_json_text(request, response, json, strlen(json));
	return 0;
}

int handle_identifier_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct scope scope = handler_scope(gateway, request);
	struct identifier_type type;
	if (identifiers_read(&scope, request_param(request, "name"), &type, err) != 0)
		return -1;
	answer(request, response, &type);
	return 0;
}

int handle_identifier_create(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct scope scope = handler_scope(gateway, request);
	const char *name = request_text(request->json, "name");
	const char *pattern = request_text(request->json, "pattern");
	struct identifier_type type;
	if (identifiers_create(&scope, name, pattern, &type, err) != 0)
		return -1;
	answer(request, response, &type);
	return 0;
}

int handle_identifier_update(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)response;
	struct scope scope = handler_scope(gateway, request);
	const char *name = request_text(request->json, "name");
	const char *pattern = request_text(request->json, "pattern");
	return identifiers_update(&scope, name, pattern ? pattern : "", err);
}

int handle_identifier_delete(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)response;
	struct scope scope = handler_scope(gateway, request);
	return identifiers_delete(&scope, request_param(request, "name"), err);
}
