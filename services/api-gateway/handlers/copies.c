/* SPDX-License-Identifier: MIT */
#include "handlers/copies.h"

#include "domain/copies.h"
#include "gateway.h"
#include "handlers/jobs.h"
#include "handlers/session.h"
#include "http/request.h"
#include "http/response.h"

typedef int begin_fn(struct db_conn *conn, const struct copy_wish *wish, const struct caller *caller,
	struct arena *arena, const char **job_id, struct error *err);

static int begin(struct gateway *gateway, struct request *request, struct response *response,
	begin_fn *begin_job, struct error *err)
{
	struct caller caller = session_caller(request);
	const char *job_id;
	struct copy_wish wish = {
		.pid = request_param(request, "pid"),
		.if_match = request_header(request, "If-Match"),
		.store_config = request->json ? request_field(request->json, "store_config") : NULL,
		.new_pid = request->json ? request_text(request->json, "new_pid") : NULL,
		.new_pid_type = request->json ? request_text(request->json, "pid_type") : NULL,
	};
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	if (!conn || begin_job(conn, &wish, &caller, request->arena, &job_id, err))
		return -1;
	return job_answer_begun(conn, job_id, request, response, err);
}

int handle_media_copy(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	return begin(gateway, request, response, copies_copy, err);
}

int handle_media_move(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	return begin(gateway, request, response, copies_move, err);
}

int handle_media_verify(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	return begin(gateway, request, response, copies_verify, err);
}
