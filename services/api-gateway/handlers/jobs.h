/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_JOBS_H
#define HANDLERS_JOBS_H

/* What is asked of the workers, and how it stands. */

#include "common/error.h"

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

#endif
