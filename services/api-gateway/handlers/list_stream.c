/* SPDX-License-Identifier: MIT */
#include "handlers/list_stream.h"

#include "handlers/session.h"
#include "http/response.h"

void list_stream_open(struct list_stream *stream, struct gateway *gateway, struct db_conn *conn,
	struct request *request, struct response *response)
{
	*stream = (struct list_stream){.gateway = gateway, .conn = conn};
	list_open(&stream->list, request, response, "[");
}

int list_stream_add(const char *json, size_t length, void *context, struct error *err)
{
	struct list_stream *stream = context;
	if (list_add(&stream->list, json, length, err))
		return -1;
	if (stream->list.response->body.length == 0) /* a chunk has left */
		session_renew(stream->gateway, stream->conn);
	return 0;
}

int list_stream_close(struct list_stream *stream, struct error *err)
{
	return list_close(&stream->list, "]", err);
}

int list_stream_all(struct gateway *gateway, struct request *request, struct response *response,
	int (*rows)(struct db_conn *conn, db_visit_text_fn *visit, void *context, struct error *err),
	struct error *err)
{
	struct list_stream stream;
	CLEANUP(db_release) struct db_conn *conn = session_connect_list(gateway, err);
	if (!conn)
		return -1;
	list_stream_open(&stream, gateway, conn, request, response);
	return rows(conn, list_stream_add, &stream, err) ? -1 : list_stream_close(&stream, err);
}
