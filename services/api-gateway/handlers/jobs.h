/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_JOBS_H
#define HANDLERS_JOBS_H

/* What is asked of the workers, and how it stands. */

#include "common/error.h"

struct db_conn;
struct gateway;
struct request;
struct response;

int handle_job_list(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_job_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_job_cancel(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_job_retry(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);

/* For whatever begins a job: the job, 202 being the route's status, and Location. */
MUST_CHECK int job_answer_begun(struct db_conn *conn, const char *job_id, struct request *request,
	struct response *response, struct error *err);

#endif
