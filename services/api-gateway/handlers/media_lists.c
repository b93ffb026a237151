/* SPDX-License-Identifier: MIT */
/* Lists of media: they stream, however long they are. */
#include "common/arena.h"
#include "common/buf.h"
#include "common/clock.h"
#include "config.h"
#include "db/media_bulk.h"
#include "gateway.h"
#include "handlers/list_stream.h"
#include "handlers/media.h"
#include "handlers/session.h"
#include "http/request.h"
#include "http/response.h"

#include <cjson/cJSON.h>

/* A connection of its own: a dump lasts, and a few slow readers must not keep others from their lists. */
int handle_media_dump(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct list_stream stream;
	int64_t deadline = clock_monotonic_ms() + gateway->config->database_timeout_ms;
	CLEANUP(db_release) struct db_conn *conn = db_open_dedicated(gateway->pool, deadline, err);
	if (!conn)
		return -1;
	list_stream_open(&stream, gateway, conn, request, response);
	if (media_dump(conn, list_stream_add, &stream, err))
		return -1;
	return list_stream_close(&stream, err);
}

int handle_media_read_many(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct list_stream stream;
	CLEANUP(db_release) struct db_conn *conn = session_connect_list(gateway, err);
	if (!conn)
		return -1;
	list_stream_open(&stream, gateway, conn, request, response);
	if (media_read_many(conn, request->body, list_stream_add, &stream, err))
		return -1;
	return list_stream_close(&stream, err);
}

static const char *tags_of(const struct request *request)
{
	const cJSON *tags = request_field(request->json, "tags"), *tag;
	const char **texts =
		arena_alloc(request->arena, ((size_t)cJSON_GetArraySize(tags) + 1) * sizeof(*texts));
	size_t count = 0;
	cJSON_ArrayForEach(tag, tags)
		texts[count++] = tag->valuestring;
	CLEANUP(buf_release) struct buf array = {0};
	db_text_array(&array, texts, count);
	return arena_memdup(request->arena, array.data, array.length);
}

int handle_media_search(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct list_stream stream;
	CLEANUP(db_release) struct db_conn *conn = session_connect_list(gateway, err);
	if (!conn)
		return -1;
	list_stream_open(&stream, gateway, conn, request, response);
	if (media_search_tags(conn, tags_of(request), list_stream_add, &stream, err))
		return -1;
	return list_stream_close(&stream, err);
}
