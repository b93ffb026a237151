/* SPDX-License-Identifier: MIT */
#include "handlers/creation.h"

#include "common/arena.h"
#include "common/buf.h"
#include "gateway.h"
#include "handlers/session.h"
#include "http/response.h"
#include "schemas/schema.h"

#include <cjson/cJSON.h>
#include <string.h>

const char *creation_value(const struct request_params *params, const char *name)
{
	for (size_t i = 0; i < params->count; i++)
		if (strcmp(params->items[i].name, name) == 0)
			return params->items[i].value;
	return NULL;
}

static void add_tags(cJSON *json, const char *tags, struct arena *arena)
{
	cJSON *list = cJSON_AddArrayToObject(json, "tags");
	char *rest = arena_strdup(arena, tags);
	for (char *tag; (tag = strsep(&rest, ","));)
		if (*tag)
			cJSON_AddItemToArray(list, cJSON_CreateString(tag));
}

cJSON *creation_json(const struct request *request, const char *pid, const struct request_params *params)
{
	static const char *const STORE_PARAMS[][2] = {{"store", "pk"}, {"store_type", "type"},
		{"bucket", "bucket"}, {"s3_url", "s3_url"}, {"site", "site"}};
	cJSON *json = cJSON_CreateObject(), *store = cJSON_CreateObject();
	const char *pid_type = creation_value(params, "pid_type");
	session_keep(request, json);
	cJSON_AddStringToObject(json, "pid", pid);
	cJSON_AddStringToObject(json, "pid_type", pid_type ? pid_type : "DEFAULT");
	add_tags(json, creation_value(params, "tags"), request->arena);
	for (size_t i = 0; i < sizeof(STORE_PARAMS) / sizeof(STORE_PARAMS[0]); i++) {
		const char *value = creation_value(params, STORE_PARAMS[i][0]);
		if (value)
			cJSON_AddStringToObject(store, STORE_PARAMS[i][1], value);
	}
	if (store->child)
		cJSON_AddItemToObject(json, "store_config", store);
	else
		cJSON_Delete(store);
	return json;
}

const char *creation_print(const struct request *request, const cJSON *json)
{
	char *text = cJSON_PrintUnformatted(json);
	const char *copy = arena_strdup(request->arena, text);
	cJSON_free(text);
	return copy;
}

static int check(struct gateway *gateway, const struct request *request, struct response *response,
	const cJSON *json, const char *first, struct error *err)
{
	const char *const loc[] = {first, NULL};
	CLEANUP(buf_release) struct buf problems = {0};
	const struct schema *schema = schema_set_find(gateway->schemas, "rest/content_input.json");
	if (schema_check(schema, value_of_json(json), loc, &problems) == 0)
		return 0;
	response_set_detail(response, arena_memdup(request->arena, problems.data, problems.length));
	return error_set(err, ERROR_INVALID, NULL);
}

int creation_resolve(struct gateway *gateway, struct db_conn *conn, const struct request *request,
	struct response *response, const cJSON *json, const char *loc, struct mediadata *out,
	struct error *err)
{
	if (!cJSON_GetObjectItemCaseSensitive(json, "store_config"))
		return error_set(err, ERROR_NOT_FOUND,
			"no media has this pid; to make one, name its store: store=<pk>, or "
			"store_type=<type> and bucket=<bucket>");
	if (check(gateway, request, response, json, loc, err))
		return -1;
	const struct db_actor actor = session_caller(request).actor;
	return mediadata_resolve(conn, json, creation_print(request, json), &actor, request->arena, out, err);
}
