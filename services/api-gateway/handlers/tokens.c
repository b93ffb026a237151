/* SPDX-License-Identifier: MIT */
#include "handlers/tokens.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/json_number.h"
#include "common/sigv4.h"
#include "config.h"
#include "domain/tokens.h"
#include "gateway.h"
#include "handlers/query.h"
#include "handlers/session.h"
#include "http/request.h"
#include "http/response.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_DEFAULT = 100 };

static struct tokens_source source_of(const struct gateway *gateway)
{
	return (struct tokens_source){gateway->pool, gateway->database_timeout_ms};
}

/* The list is asked for with one more than is shown, so that a next page is only offered when there is
 * one. */
static void link_next(struct request *request, struct response *response, cJSON *list, int64_t limit)
{
	if (cJSON_GetArraySize(list) <= limit)
		return;
	cJSON_DeleteItemFromArray(list, (int)limit);
	const cJSON *last = cJSON_GetArrayItem(list, (int)limit - 1);
	int64_t pk = (int64_t)cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(last, "pk"));
	const char *user = request_query(request, "user");
	CLEANUP(buf_release) struct buf link = {0};
	buf_printf(&link, "</api/tokens?before=%" PRId64 "&limit=%" PRId64, pk, limit);
	if (user) {
		buf_append_text(&link, "&user=");
		sigv4_encode(user, 0, &link);
	}
	buf_append_text(&link, ">; rel=\"next\"");
	response_header(request, response, "Link", link.data);
}

int handle_token_list(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct tokens_source source = source_of(gateway);
	struct token_query query = {.user = request_query(request, "user")};
	const char *json;
	int64_t limit;
	if (query_number(request, response, "limit", PAGE_DEFAULT, TOKEN_PAGE_MAX, &limit, err) ||
		query_number(request, response, "before", 0, INT64_MAX, &query.before_pk, err))
		return -1;
	query.limit = limit + 1;
	if (tokens_list(&source, &request->principal, &query, request->arena, &json, err))
		return -1;
	cJSON *list = cJSON_Parse(json);
	link_next(request, response, list, limit);
	response_cjson(request, response, list);
	cJSON_Delete(list);
	return 0;
}

int handle_token_create(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct tokens_source source = source_of(gateway);
	const cJSON *seconds = request_field(request->json, "lifetime_seconds");
	const char *user = request_query(request, "user");
	struct token_wish wish = {
		.user = user ? user : request_text(request->json, "user"),
		.name = request_text(request->json, "name"),
		.role = request_text(request->json, "role"),
		.lifetime_ms = json_whole(seconds, 0) * 1000,
		.default_ms = gateway->token_lifetime_ms,
		.maximum_ms = gateway->config->token_lifetime_max_ms,
	};
	struct token_made made;
	if (tokens_make(&source, &request->principal, &wish, request->arena, &made, err))
		return -1;
	buf_printf(&response->body, "{\"token\":\"%s\",%s", made.text, strchr(made.json, '{') + 1);
	explicit_bzero(made.text, sizeof(made.text));
	response_json(request, response);
	return 0;
}

int handle_token_revoke(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct tokens_source source = source_of(gateway);
	int64_t pk;
	if (session_pk(request, response, &pk, err))
		return -1;
	return tokens_revoke(&source, &request->principal, pk, err);
}
