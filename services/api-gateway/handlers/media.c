/* SPDX-License-Identifier: MIT */
#include "handlers/media.h"

#include "common/arena.h"
#include "db/media_reader.h"
#include "db/media_repo.h"
#include "domain/media_updates.h"
#include "domain/mediadata.h"
#include "domain/object_key.h"
#include "gateway.h"
#include "handlers/session.h"
#include "http/request.h"
#include "http/response.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <string.h>

int handle_media_create(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	struct caller caller = session_caller(request);
	struct mediadata data;
	if (!conn)
		return -1;
	if (mediadata_resolve(
		    conn, request->json, request->body, &caller.actor, request->arena, &data, err)) {
		response_set_detail(response, data.problems);
		return -1;
	}
	char key[OBJECT_KEY_SIZE];
	object_key_make(data.media.pid, key);
	data.media.store_key = key;
	const char *json;
	if (media_create(conn, &data.media, &caller.actor, request->arena, &json, NULL, err))
		return -1;
	response_header(request, response, "ETag", "\"1\"");
	response_json_text(request, response, json, strlen(json));
	return 0;
}

/* With others that read at the same time, where that is possible. */
static int read_media(struct gateway *gateway, const char *pid, struct arena *arena, const char **json,
	int64_t *version, struct error *err)
{
	if (gateway->reader)
		return media_reader_read(gateway->reader, pid, arena, json, version, err);
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	return conn ? media_read(conn, pid, arena, json, version, err) : -1;
}

int handle_media_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	const char *json, *pid;
	int64_t version;
	if (session_pid(request, response, &pid, err))
		return -1;
	int found = read_media(gateway, pid, request->arena, &json, &version, err);
	if (found < 0)
		return -1;
	if (!found)
		return error_set(err, ERROR_NOT_FOUND, "no media has this pid");
	response_header_printf(request, response, "ETag", "\"%" PRId64 "\"", version);
	response_json_text(request, response, json, strlen(json));
	return 0;
}

/* A change of one is a change of a list of one, whose failure is the reply. */
static int answer_one(const struct bulk *bulk, struct response *response, struct error *err)
{
	if (bulk->failures)
		return bulk_error(&bulk->items[0], err);
	response_no_content(response);
	return 0;
}

int handle_media_update(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	const char *pid;
	struct bulk bulk;
	if (session_pid(request, response, &pid, err))
		return -1;
	cJSON *list = cJSON_CreateArray(), *one = cJSON_Duplicate(request->json, true);
	session_keep(request, list);
	cJSON_DeleteItemFromObjectCaseSensitive(one, "pid");
	cJSON_AddStringToObject(one, "pid", pid);
	cJSON_AddItemToArray(list, one);
	struct media_updates updates = session_updates(gateway, request);
	updates.list = list;
	if (media_updates_identity(&updates, &bulk, err))
		return -1;
	return answer_one(&bulk, response, err);
}

int handle_media_delete(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	const char *pid;
	struct bulk bulk;
	if (session_pid(request, response, &pid, err))
		return -1;
	cJSON *list = cJSON_CreateArray();
	session_keep(request, list);
	cJSON_AddItemToArray(list, cJSON_CreateString(pid));
	CLEANUP(buf_release) struct buf document = {0};
	buf_append_text(&document, "[");
	buf_append_json_string(&document, pid);
	buf_append_text(&document, "]");
	struct media_updates updates = session_updates(gateway, request);
	updates.list = list;
	updates.document = document.data;
	if (media_updates_delete(&updates, &bulk, err))
		return -1;
	return answer_one(&bulk, response, err);
}
