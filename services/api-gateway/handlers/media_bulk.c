/* SPDX-License-Identifier: MIT */
/* Many media at once. What the elements look like, their schemas say: a problem there is 422 for the
 * whole; what is wrong with a media is told beside its pid. */
#include "db/media_bulk.h"
#include "common/arena.h"
#include "common/buf.h"
#include "domain/media_updates.h"
#include "domain/mediadata.h"
#include "gateway.h"
#include "handlers/list_writer.h"
#include "handlers/media.h"
#include "handlers/session.h"
#include "http/request.h"
#include "http/response.h"

#include <cjson/cJSON.h>
#include <string.h>

/* --- telling */

static void append_failure(const struct bulk_item *item, struct buf *out)
{
	buf_append_text(out, "{\"pid\":");
	buf_append_json_string(out, item->pid);
	buf_printf(out, ",\"error\":\"%s\",\"msg\":", error_wire_name(item->code));
	buf_append_json_string(out, item->message);
	buf_append_text(out, "}");
}

static void answer_bulk(struct request *request, struct response *response, const struct bulk *bulk)
{
	struct buf *body = &response->body;
	const char *separator = "";
	buf_append_text(body, "{\"successes\":[");
	for (size_t i = 0; i < bulk->count; i++) {
		if (bulk->items[i].code != ERROR_NONE)
			continue;
		buf_append_text(body, separator);
		buf_append_json_string(body, bulk->items[i].pid);
		separator = ",";
	}
	buf_append_text(body, "],\"failures\":[");
	separator = "";
	for (size_t i = 0; i < bulk->count; i++) {
		if (bulk->items[i].code == ERROR_NONE)
			continue;
		buf_append_text(body, separator);
		append_failure(&bulk->items[i], body);
		separator = ",";
	}
	buf_append_text(body, "]}");
	response_json(request, response);
}

/* --- create */

/* Every element that stands in the way, by its index. */
static int refuse(
	const struct request *request, struct response *response, const struct bulk *bulk, struct error *err)
{
	CLEANUP(buf_release) struct buf detail = {0};
	const char *separator = "[";
	for (size_t i = 0; i < bulk->count; i++) {
		const struct bulk_item *item = &bulk->items[i];
		if (item->code == ERROR_NONE)
			continue;
		buf_printf(&detail,
			"%s{\"type\":\"value_error\",\"loc\":[\"body\",\"medias\",%zu],\"msg\":", separator,
			i);
		buf_append_json_string(&detail, item->message);
		buf_append_text(&detail, ",\"error\":");
		buf_append_json_string(&detail, item->message);
		buf_append_text(&detail, "}");
		separator = ",";
	}
	buf_append_text(&detail, "]");
	response_set_detail(response, arena_memdup(request->arena, detail.data, detail.length));
	return error_set(err, ERROR_INVALID, "%zu of %zu media cannot be created; none was", bulk->failures,
		bulk->count);
}

static int answer_created(struct list_writer *list, const struct bulk *bulk,
	const struct media_created *created, struct error *err)
{
	for (size_t i = 0; i < bulk->count; i++)
		if (created[i].json && list_add(list, created[i].json, created[i].length, err))
			return -1;
	return 0;
}

static int answer_partial(struct request *request, struct response *response, const struct bulk *bulk,
	const struct media_created *created, struct error *err)
{
	struct list_writer list;
	list_open(&list, request, response, "{\"created\":[");
	if (answer_created(&list, bulk, created, err))
		return -1;
	list_text(&list, "],\"failures\":[");
	for (size_t i = 0; i < bulk->count; i++) {
		CLEANUP(buf_release) struct buf failure = {0};
		if (bulk->items[i].code == ERROR_NONE)
			continue;
		append_failure(&bulk->items[i], &failure);
		failure.length--; /* the closing brace */
		buf_printf(&failure, ",\"index\":%zu}", i);
		if (list_add(&list, failure.data, failure.length, err))
			return -1;
	}
	return list_close(&list, "]}", err);
}

int handle_media_create_many(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct caller caller = session_caller(request);
	const char *wish = request_query(request, "partial");
	bool partial = wish && (strcmp(wish, "true") == 0 || strcmp(wish, "1") == 0);
	struct bulk bulk;
	struct media_created *created;
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	if (!conn || mediadata_create_many(conn, request->json, request->element_errors, request->body,
			     partial, &caller.actor, request->arena, &bulk, &created, err))
		return -1;
	if (partial)
		return answer_partial(request, response, &bulk, created, err);
	if (bulk.failures)
		return refuse(request, response, &bulk, err);
	struct list_writer list;
	list_open(&list, request, response, "[");
	if (answer_created(&list, &bulk, created, err))
		return -1;
	return list_close(&list, "]", err);
}

/* --- change */

typedef int updates_fn(const struct media_updates *updates, struct bulk *out, struct error *err);

static int run(struct gateway *gateway, struct request *request, struct response *response,
	updates_fn *change, struct error *err)
{
	struct bulk bulk;
	struct media_updates updates = session_updates(gateway, request);
	if (change(&updates, &bulk, err))
		return -1;
	answer_bulk(request, response, &bulk);
	return 0;
}

static int run_documents(struct gateway *gateway, struct request *request, struct response *response,
	enum media_change change, struct error *err)
{
	struct bulk bulk;
	struct media_updates updates = session_updates(gateway, request);
	if (media_updates_documents(&updates, change, &bulk, err))
		return -1;
	answer_bulk(request, response, &bulk);
	return 0;
}

MEDIA_HANDLER(handle_media_add_tags)
{
	return run_documents(gateway, request, response, MEDIA_ADD_TAGS, err);
}

MEDIA_HANDLER(handle_media_set_tags)
{
	return run_documents(gateway, request, response, MEDIA_SET_TAGS, err);
}

MEDIA_HANDLER(handle_media_set_identifiers)
{
	return run_documents(gateway, request, response, MEDIA_SET_IDENTIFIERS, err);
}

MEDIA_HANDLER(handle_media_set_metadata)
{
	return run_documents(gateway, request, response, MEDIA_SET_METADATA, err);
}

MEDIA_HANDLER(handle_media_merge_metadata)
{
	return run_documents(gateway, request, response, MEDIA_MERGE_METADATA, err);
}

MEDIA_HANDLER(handle_media_remove_metadata)
{
	return run_documents(gateway, request, response, MEDIA_REMOVE_METADATA, err);
}

MEDIA_HANDLER(handle_media_delete_many)
{
	return run(gateway, request, response, media_updates_delete, err);
}

MEDIA_HANDLER(handle_media_set_store_keys)
{
	return run(gateway, request, response, media_updates_store_keys, err);
}

/* --- {pids, medias}: the two lists belong together by place */

/* The elements with the pids that they are about; NULL when the lists do not fit each other. */
static cJSON *join(const struct request *request)
{
	const cJSON *pid = request_field(request->json, "pids")->child;
	const cJSON *media = request_field(request->json, "medias")->child;
	cJSON *list = cJSON_CreateArray();
	session_keep(request, list);
	for (; pid && media; pid = pid->next, media = media->next) {
		const char *own = request_text(media, "pid");
		if (own && strcmp(own, pid->valuestring) != 0)
			return NULL;
		cJSON *joined = cJSON_Duplicate(media, true);
		cJSON_DeleteItemFromObjectCaseSensitive(joined, "pid");
		cJSON_AddStringToObject(joined, "pid", pid->valuestring);
		cJSON_AddItemToArray(list, joined);
	}
	return pid || media ? NULL : list;
}

MEDIA_HANDLER(handle_media_update_many)
{
	struct bulk bulk;
	struct media_updates updates = session_updates(gateway, request);
	updates.list = join(request);
	if (!updates.list)
		return error_set(
			err, ERROR_INVALID, "pids and medias must name the same media in the same order");
	if (media_updates_identity(&updates, &bulk, err))
		return -1;
	answer_bulk(request, response, &bulk);
	return 0;
}
