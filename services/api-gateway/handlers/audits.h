/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_AUDITS_H
#define HANDLERS_AUDITS_H

/* Audits of stores: begun, and what they have found. */

#include "common/error.h"

struct gateway;
struct request;
struct response;

int handle_store_audit(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_job_findings(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);

#endif
