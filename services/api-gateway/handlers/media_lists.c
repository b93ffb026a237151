/* SPDX-License-Identifier: MIT */
/* Lists of media: they stream, however long they are. */
#include "common/arena.h"
#include "common/buf.h"
#include "common/clock.h"
#include "config.h"
#include "db/media_bulk.h"
#include "gateway.h"
#include "handlers/list_writer.h"
#include "handlers/media.h"
#include "handlers/session.h"
#include "http/request.h"
#include "http/response.h"

#include <cjson/cJSON.h>

struct stream {
	struct list_writer list;
	struct gateway *gateway;
	struct db_conn *conn;
};

/* As long as the client takes what comes, the list may take its time. */
static int add(const char *json, size_t length, void *context, struct error *err)
{
	struct stream *stream = context;
	if (list_add(&stream->list, json, length, err))
		return -1;
	if (stream->list.response->body.length == 0) /* a chunk has left */
		session_renew(stream->gateway, stream->conn);
	return 0;
}

static void open_stream(struct stream *stream, struct gateway *gateway, struct db_conn *conn,
	struct request *request, struct response *response)
{
	*stream = (struct stream){.gateway = gateway, .conn = conn};
	list_open(&stream->list, request, response, "[");
}

/* A connection of its own: a dump lasts, and a few slow readers must not keep others from their lists. */
int handle_media_dump(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct stream stream;
	int64_t deadline = clock_monotonic_ms() + gateway->config->database_timeout_ms;
	CLEANUP(db_release) struct db_conn *conn = db_open_dedicated(gateway->pool, deadline, err);
	if (!conn)
		return -1;
	open_stream(&stream, gateway, conn, request, response);
	if (media_dump(conn, add, &stream, err))
		return -1;
	return list_close(&stream.list, "]", err);
}

int handle_media_read_many(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct stream stream;
	CLEANUP(db_release) struct db_conn *conn = session_connect_list(gateway, err);
	if (!conn)
		return -1;
	open_stream(&stream, gateway, conn, request, response);
	if (media_read_many(conn, request->body, add, &stream, err))
		return -1;
	return list_close(&stream.list, "]", err);
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
	struct stream stream;
	CLEANUP(db_release) struct db_conn *conn = session_connect_list(gateway, err);
	if (!conn)
		return -1;
	open_stream(&stream, gateway, conn, request, response);
	if (media_search_tags(conn, tags_of(request), add, &stream, err))
		return -1;
	return list_close(&stream.list, "]", err);
}
