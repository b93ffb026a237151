/* SPDX-License-Identifier: MIT */
#include "handlers/versions.h"

#include "domain/row_tag.h"
#include "handlers/session.h"
#include "http/request.h"
#include "http/response.h"

int versions_tag(struct db_conn *conn, struct request *request, struct response *response, enum row_kind kind,
	const char *key, struct error *err)
{
	const char *tag;
	if (row_tag_read(conn, kind, key, request->arena, &tag, err))
		return -1;
	if (tag)
		response_header(request, response, "ETag", tag);
	return 0;
}

int versions_begin(struct db_conn *conn, const struct request *request, enum row_kind kind, const char *key,
	struct db_transaction *tx, struct error *err)
{
	const char *if_match = request_header(request, "If-Match");
	if (session_begin(conn, request, tx, err))
		return -1;
	return if_match ? row_tag_require(conn, kind, key, if_match, request->arena, err) : 0;
}
