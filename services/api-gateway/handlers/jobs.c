/* SPDX-License-Identifier: MIT */
#include "handlers/jobs.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/sigv4.h"
#include "db/job_list.h"
#include "db/job_repo.h"
#include "domain/jobs.h"
#include "domain/transfer.h"
#include "gateway.h"
#include "handlers/list_writer.h"
#include "handlers/query.h"
#include "handlers/session.h"
#include "http/request.h"
#include "http/response.h"

#include <string.h>

enum { PAGE_DEFAULT = 100, PAGE_MAX = 1000 };

/* Words with commas between, as a text[] literal; NULL when the parameter is absent. */
static const char *words_of(const struct request *request, const char *name)
{
	const char *text = request_query(request, name);
	if (!text)
		return NULL;
	const char **words = arena_alloc(request->arena, (strlen(text) + 1) * sizeof(*words));
	size_t count = 0;
	char *rest = arena_strdup(request->arena, text);
	for (char *word; (word = strsep(&rest, ","));)
		words[count++] = word;
	CLEANUP(buf_release) struct buf array = {0};
	db_text_array(&array, words, count);
	return arena_memdup(request->arena, array.data, array.length);
}

static int read_query(
	const struct request *request, struct response *response, struct job_query *out, struct error *err)
{
	*out = (struct job_query){
		.states = words_of(request, "state"),
		.kinds = words_of(request, "kind"),
		.class = request_query(request, "class"),
		.pid = request_query(request, "pid"),
		.since = request_query(request, "since"),
		.until = request_query(request, "until"),
		.cursor = request_query(request, "cursor"),
	};
	if (query_number(request, response, "store", 0, INT64_MAX, &out->store_pk, err))
		return -1;
	return query_number(request, response, "limit", PAGE_DEFAULT, PAGE_MAX, &out->limit, err);
}

/* The same list, from there on. */
static void link_next(struct request *request, struct response *response, const char *cursor)
{
	CLEANUP(buf_release) struct buf link = {0};
	buf_printf(&link, "</api/jobs?cursor=%s", cursor);
	for (size_t i = 0; i < request->query.count; i++) {
		const struct request_param *param = &request->query.items[i];
		if (strcmp(param->name, "cursor") == 0)
			continue;
		buf_append_text(&link, "&");
		sigv4_encode(param->name, 0, &link);
		buf_append_text(&link, "=");
		sigv4_encode(param->value, 0, &link);
	}
	buf_append_text(&link, ">; rel=\"next\"");
	response_header(request, response, "Link", link.data);
}

static int add(const char *json, size_t length, void *context, struct error *err)
{
	return list_add(context, json, length, err);
}

int handle_job_list(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct job_query query;
	struct list_writer list;
	char cursor[JOB_CURSOR_SIZE];
	if (read_query(request, response, &query, err))
		return -1;
	CLEANUP(db_release) struct db_conn *conn = session_connect_list(gateway, err);
	int more = conn ? job_list_next(conn, &query, cursor, err) : -1;
	if (more < 0)
		return -1;
	if (more)
		link_next(request, response, cursor);
	list_open(&list, request, response, "[");
	return job_list(conn, &query, add, &list, err) ? -1 : list_close(&list, "]", err);
}

static int answer_job(struct db_conn *conn, const char *id, struct request *request,
	struct response *response, struct error *err)
{
	const char *json;
	int found = job_read_json(conn, id, request->arena, &json, err);
	if (found < 0)
		return -1;
	if (!found)
		return error_set(err, ERROR_NOT_FOUND, "no job has this id");
	response_json_text(request, response, json, strlen(json));
	return 0;
}

static int answer(struct db_conn *conn, struct request *request, struct response *response, struct error *err)
{
	return answer_job(conn, request_param(request, "id"), request, response, err);
}

int job_answer_begun(struct db_conn *conn, const char *job_id, struct request *request,
	struct response *response, struct error *err)
{
	response_header_printf(request, response, "Location", "/api/jobs/%s", job_id);
	return answer_job(conn, job_id, request, response, err);
}

int handle_job_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	return conn ? answer(conn, request, response, err) : -1;
}

int handle_job_cancel(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	if (!conn || jobs_cancel(conn, transfer_spool(gateway->transfer), gateway->publisher,
			     request_param(request, "id"), err))
		return -1;
	return answer(conn, request, response, err);
}

int handle_job_retry(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct caller caller = session_caller(request);
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	if (!conn || jobs_rerun(conn, transfer_spool(gateway->transfer), request_param(request, "id"),
			     &caller, request->arena, err))
		return -1;
	return answer(conn, request, response, err);
}
