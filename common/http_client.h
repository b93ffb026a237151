/* SPDX-License-Identifier: MIT */
#ifndef COMMON_HTTP_CLIENT_H
#define COMMON_HTTP_CLIENT_H

/*
 * The only module that knows libcurl. A client keeps a set of handles with their connections and lends one
 * to each call; any number of threads may call at once. Bodies stream both ways through callbacks in
 * pieces of at most 64 KiB. Paths are sent as given (no dot segments removed), redirects are not followed,
 * only http and https are spoken, no proxy is taken from the environment.
 */

#include "common/error.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { HTTP_MOVE_FROM = 1 << 20 }; /* bytes: fewer are not worth what http_call.move() costs */

struct address_policy;
struct http_client;
struct http_stream;
struct http_reply; /* status, headers, the kept body */

struct http_client_options {
	int64_t connect_timeout_ms;
	const char *user_agent;
	const char *ca_file; /* NULL: the system's */
	const char *proxy;   /* NULL: none */
	/* For URLs that are somebody else's: which addresses may be connected to; borrowed. NULL: all. */
	const struct address_policy *addresses;
};

struct http_call {
	const char *method, *url;
	const char *
		headers; /* "Name: value\n" lines, NULL: none. Host, Content-Length are curl's; Expect is never sent */

	/* The request body: as bytes, or pulled by read() (> 0 bytes, 0 at the end, -1 and *err on
	 * failure). */
	const void *body;
	int64_t body_length; /* of either; 0: none */
	ssize_t (*read)(void *context, void *out, size_t size, struct error *err);
	void *read_context;
	int (*rewind)(void *context); /* NULL when it cannot; a stale connection is then not retried */

	/* The response body is pushed to write() when the status is 2xx (0; -1 and *err stops the
	 * transfer); otherwise, or without write, up to 64 KiB of it is kept in the reply. Before the
	 * first byte head() may look at status and headers and refuse (-1 and *err). */
	int (*head)(void *context, const struct http_reply *reply, struct error *err);
	int (*write)(void *context, const void *bytes, size_t length, struct error *err);
	void *write_context;

	/* In place of write(), for a GET that is large enough to be worth a connection of its own, where the body of a 2xx
	 * comes as it is (no TLS, no proxy, a Content-Length): takes all of the stream, or fails (-1 and *err).
	 * NULL: always write(), which is needed in either case. */
	int (*move)(void *context, struct http_stream *stream, struct error *err);

	int64_t deadline_ms;      /* monotonic, for the whole call; 0: none */
	int64_t stall_timeout_ms; /* without one byte moving; 0: none */
};

struct http_client *http_client_create(const struct http_client_options *options);
void http_client_free(struct http_client *client);

/* Runs the call. 0 when a response came whole, whatever its status: look at http_reply_status(). Otherwise
 * -1: the callback's own error, or UNAVAILABLE (cannot connect, cut), DEADLINE (deadline, stall), FORBIDDEN
 * (an address that may not be connected to). *out is freed by the caller; NULL on failure. */
MUST_CHECK int http_client_run(
	struct http_client *client, const struct http_call *call, struct http_reply **out, struct error *err);

void http_reply_free(struct http_reply *reply);
void http_reply_cleanup(struct http_reply **reply); /* for CLEANUP() */
int http_reply_status(const struct http_reply *reply);
const char *http_reply_header(
	const struct http_reply *reply, const char *name);   /* any case; NULL when absent */
const char *http_reply_body(const struct http_reply *reply); /* followed by a NUL */
size_t http_reply_body_length(const struct http_reply *reply);
/* Errors of a non-2xx reply that any caller would translate alike: 404 NOT_FOUND, 403 and 401 FORBIDDEN,
 * 408 and 504 DEADLINE, 429 and 5xx UNAVAILABLE, 507 FULL, the rest INTERNAL. Returns -1. */
int http_reply_error(const struct http_reply *reply, struct error *err);

#endif
