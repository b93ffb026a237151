/* SPDX-License-Identifier: MIT */
#include "handlers/audits.h"

#include "common/buf.h"
#include "common/json_number.h"
#include "config.h"
#include "db/audit_repo.h"
#include "domain/audits.h"
#include "gateway.h"
#include "handlers/jobs.h"
#include "handlers/list_writer.h"
#include "handlers/query.h"
#include "handlers/session.h"
#include "http/request.h"
#include "http/response.h"

#include <cjson/cJSON.h>
#include <inttypes.h>

enum { PAGE_DEFAULT = 1000, PAGE_MAX = 100000 };

static int64_t rate_of(const struct request *request, const char *name, int64_t preset)
{
	const cJSON *field = request_field(request->json, name);
	return json_whole(field, preset);
}

int handle_store_audit(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	const struct config *config = gateway->config;
	struct caller caller = session_caller(request);
	struct audit_wish wish = {
		.content = !cJSON_IsFalse(request_field(request->json, "content")),
		.bytes_per_second = rate_of(request, "bytes_per_second", config->audit_bytes),
		.objects_per_second = rate_of(request, "objects_per_second", config->audit_objects),
	};
	const char *job_id;
	if (session_pk(request, response, &wish.store_pk, err))
		return -1;
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	if (!conn || audits_begin(conn, &wish, &caller, request->arena, &job_id, err))
		return -1;
	return job_answer_begun(conn, job_id, request, response, err);
}

static void link_next(
	struct request *request, struct response *response, const struct audit_query *query, int64_t next)
{
	response_header_printf(request, response, "Link",
		"</api/jobs/%s/findings?after=%" PRId64 "&limit=%" PRId64 "%s%s>; rel=\"next\"",
		query->job_id, next, query->limit, query->kind ? "&kind=" : "",
		query->kind ? query->kind : "");
}

static int add(const char *json, size_t length, void *context, struct error *err)
{
	return list_add(context, json, length, err);
}

int handle_job_findings(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct audit_query query = {
		.job_id = request_param(request, "id"), .kind = request_query(request, "kind")};
	struct list_writer list;
	int64_t next;
	if (query_number(request, response, "after", 0, INT64_MAX, &query.after, err) ||
		query_number(request, response, "limit", PAGE_DEFAULT, PAGE_MAX, &query.limit, err))
		return -1;
	CLEANUP(db_release) struct db_conn *conn = session_connect_list(gateway, err);
	int found = conn ? audit_findings_next(conn, &query, &next, err) : -1;
	if (found <= 0)
		return found ? -1 : error_set(err, ERROR_NOT_FOUND, "no job has this id");
	if (next)
		link_next(request, response, &query, next);
	list_open(&list, request, response, "[");
	return audit_findings(conn, &query, add, &list, err) ? -1 : list_close(&list, "]", err);
}
