/* SPDX-License-Identifier: MIT */
#ifndef JOBS_HTTP_SOURCE_H
#define JOBS_HTTP_SOURCE_H

/* A source that pulls a ticket from another service. Whatever goes wrong there is SOURCE_FAILED, or DEADLINE;
 * the cause says what. */

#include "store/pulled_source.h"

struct http_client;

struct http_source {
	struct pulled_source pulled; /* its base is the source */
	struct http_client *http;
	const char *url;
	int64_t size; /* that the response must announce; -1: any */
	int64_t stall_timeout_ms, deadline_unix_ms;
	int64_t limit; /* bytes of a stranger's; 0: it is no stranger's */
	int64_t passed;
	struct sink *sink;
};

/* `url` is borrowed. deadline_unix_ms 0: none. */
void http_source_init(struct http_source *source, struct http_client *http, const char *url, int64_t size,
	int64_t stall_timeout_ms, int64_t deadline_unix_ms);
/* The bytes are a stranger's: no more than `limit` of them, an address that the client may not connect to is
 * FORBIDDEN, an answer that will not get better is INVALID. */
void http_source_distrust(struct http_source *source, int64_t limit);
void http_source_release(struct http_source *source);

#endif
