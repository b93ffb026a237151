/* SPDX-License-Identifier: MIT */
#include "handlers/identifiers.h"

#include "common/log.h"
#include "config.h"
#include "db/identifier_repo.h"
#include "domain/identifiers.h"
#include "gateway.h"
#include "handlers/list_stream.h"
#include "handlers/session.h"
#include "handlers/versions.h"
#include "http/request.h"
#include "http/response.h"

#include <inttypes.h>
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
	return list_stream_all(gateway, request, response, identifier_list_json, err);
}

int handle_identifier_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	const char *name = request_param(request, "name");
	struct identifier_type type;
	if (!conn || versions_tag(conn, request, response, ROW_IDENTIFIER, name, err) ||
		identifiers_read(conn, name, request->arena, &type, err))
		return -1;
	answer(request, response, &type);
	return 0;
}

int handle_identifier_create(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	const char *name = request_text(request->json, "name");
	const char *pattern = request_text(request->json, "pattern");
	struct identifier_type type;
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	if (!conn || session_begin(conn, request, &tx, err) ||
		identifiers_create(conn, name, pattern, request->arena, &type, err) || db_commit(&tx, err))
		return -1;
	answer(request, response, &type);
	return 0;
}

/* A new pattern is for what comes; how much of what is there does not match it is told, "+" meaning at
 * least. */
static void tell_mismatches(struct gateway *gateway, struct db_conn *conn, struct request *request,
	struct response *response, const char *name, const char *pattern)
{
	struct error err;
	struct identifiers_mismatches found;
	int64_t limit_ms = gateway->config->database_timeout_ms / 2;
	if (identifiers_mismatches(conn, name, pattern, limit_ms, request->arena, &found, &err)) {
		log_warn("existing identifiers were not compared with a new pattern", LOG_STR("name", name),
			LOG_ERROR(&err));
		return;
	}
	response_header_printf(request, response, "X-Mediastore-Mismatches", "%" PRId64 "%s", found.count,
		found.complete ? "" : "+");
	if (found.count)
		log_warn("existing identifiers do not match a new pattern",
			LOG_STR("request_id", request->request_id), LOG_STR("name", name),
			LOG_INT("mismatches", found.count), LOG_STR("example", found.example));
}

int handle_identifier_update(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	const char *name = request_text(request->json, "name");
	const char *pattern = request_text(request->json, "pattern");
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	if (!conn || versions_begin(conn, request, ROW_IDENTIFIER, name, &tx, err) ||
		identifiers_update(conn, name, pattern ? pattern : "", err) || db_commit(&tx, err))
		return -1;
	tell_mismatches(gateway, conn, request, response, name, pattern ? pattern : "");
	return 0;
}

int handle_identifier_delete(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)response;
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	const char *name = request_param(request, "name");
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	if (!conn || versions_begin(conn, request, ROW_IDENTIFIER, name, &tx, err) ||
		identifiers_delete(conn, name, err))
		return -1;
	return db_commit(&tx, err);
}
