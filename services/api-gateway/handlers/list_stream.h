/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_LIST_STREAM_H
#define HANDLERS_LIST_STREAM_H

/*
 * A list that goes from the database to the client row by row: however long it is, neither side of it is ever in
 * memory as a whole. As long as the client takes what comes, the list may take its time.
 */

#include "db/query.h"
#include "handlers/list_writer.h"

struct gateway;

struct list_stream {
	struct list_writer list;
	struct gateway *gateway;
	struct db_conn *conn;
};

/* conn: where the rows come from; borrowed. */
void list_stream_open(struct list_stream *stream, struct gateway *gateway, struct db_conn *conn,
	struct request *request, struct response *response);
/* A db_visit_text_fn, with the stream as its context. */
MUST_CHECK int list_stream_add(const char *json, size_t length, void *stream, struct error *err);
MUST_CHECK int list_stream_close(struct list_stream *stream, struct error *err);

/* All that the repository's function tells of, as the reply. */
MUST_CHECK int list_stream_all(struct gateway *gateway, struct request *request, struct response *response,
	int (*rows)(struct db_conn *conn, db_visit_text_fn *visit, void *context, struct error *err),
	struct error *err);

#endif
