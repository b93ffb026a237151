/* SPDX-License-Identifier: MIT */
#ifndef BYTES_H
#define BYTES_H

/*
 * The worker's internal HTTP listener:
 *	GET, HEAD /internal/bytes/<ticket>	the object's bytes that the ticket names (see jobs/get.c)
 *	GET /livez	200 while the process serves
 *	GET /readyz	200 when jobs are taken and results can be published, else 503 and what is missing
 *	GET /metrics	Prometheus text
 * Errors are JSON: {"detail": …, "code": …}. A client that goes away stops the read at its source.
 */

#include "common/error.h"

#include <stdbool.h>
#include <stdint.h>

struct bytes;
struct store_cache;

struct bytes_options {
	const char *listen;
	int threads;
	int64_t stall_timeout_ms;
	const char *service_key;
	struct store_cache *stores;
	/* NULL when ready; else what is missing, in words. */
	const char *(*missing)(void *context);
	void *context;
};

/* Listens when it returns. What the options point to is borrowed. */
MUST_CHECK int bytes_create(const struct bytes_options *options, struct bytes **out, struct error *err);
int bytes_port(const struct bytes *bytes);
/* Lets transfers finish, at most until the monotonic deadline. */
void bytes_drain(struct bytes *bytes, int64_t deadline_ms);
void bytes_free(struct bytes *bytes); /* NULL is accepted */

#endif
