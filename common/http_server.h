/* SPDX-License-Identifier: MIT */
#ifndef COMMON_HTTP_SERVER_H
#define COMMON_HTTP_SERVER_H

/*
 * The only module that knows civetweb. One server is one listener with a fixed number of threads and ONE
 * handler; routing is the caller's. It closes what civetweb leaves open: smuggled lengths are refused,
 * paths stay raw, a short body is an error and not an end, 100-continue is sent only when the body is
 * wanted, no connection starves the others, and stopping is graceful.
 * An exchange is one request and its response, used by one thread, valid until the handler returns. The
 * handler must have answered by then (otherwise: 500). Strings that an exchange lends live as long as it.
 * Handlers run on stacks of 100 KiB: large buffers go to the heap. No TLS (a proxy's work), no files, no
 * CORS, no websockets.
 */

#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct http_server;
struct http_exchange;
struct http_stream;

struct http_header {
	const char *name, *value; /* name NULL ends a list */
};

struct http_server_options {
	const char *
		listen; /* "127.0.0.1:8080", "localhost:8080"; port 0: any free one. IPv4 only: Debian's civetweb has no IPv6 */
	int threads; /* connections kept alive at once; more are answered, a quarter again at once, with Connection: close */
	int64_t idle_timeout_ms; /* for the next request on a connection */
	int64_t body_timeout_ms; /* without one byte moving, in either direction; also for the head of a connection's first request */
	size_t max_head_size; /* request line and headers: beyond it 431; never more than 64 headers */
	int max_headers;      /* beyond it 431; 0: 64 */
	void (*handle)(struct http_exchange *exchange, void *context);
	void *context; /* borrowed, must outlive the server */
};

/* Listens when it returns. UNAVAILABLE (address in use, named in the message), INTERNAL. */
MUST_CHECK int http_server_create(
	const struct http_server_options *options, struct http_server **out, struct error *err);
int http_server_port(const struct http_server *server);
/* From now on new requests get 503 and Connection: close; waits until none is in flight, at most until the
 * monotonic deadline. */
void http_server_drain(struct http_server *server, int64_t deadline_ms);
/* Takes up to 2 s: civetweb looks that often whether it shall stop. Whatever is still in flight fails at
 * its next read or write. */
void http_server_free(struct http_server *server);

/* --- the request */
const char *http_exchange_method(const struct http_exchange *exchange);
/* Path as it came: still percent-encoded, not normalised, without the query. */
const char *http_exchange_path(const struct http_exchange *exchange);
const char *http_exchange_query(const struct http_exchange *exchange); /* raw; "" when none */
const char *http_exchange_header(
	const struct http_exchange *exchange, const char *name); /* any case; NULL when absent */
/* Of several headers of that name the last, which the nearest proxy has added. */
const char *http_exchange_last_header(const struct http_exchange *exchange, const char *name);
const char *http_exchange_peer(const struct http_exchange *exchange); /* the remote address as text */
/* Content-Length; 0 without a body, -1 for a chunked one of unknown length. */
int64_t http_exchange_content_length(const struct http_exchange *exchange);
/* Reads the body: > 0 bytes, 0 at its verified end, -1: REQUEST_TIMEOUT (nothing came for body_timeout_ms)
 * or BAD_REQUEST (cut short, malformed chunks; what came before is given first). Waits until `size` bytes
 * (at most 64 KiB) are there or the body ends. The first call answers `Expect: 100-continue`. */
MUST_CHECK ssize_t http_exchange_read(
	struct http_exchange *exchange, void *out, size_t size, struct error *err);

/* Until then the rest of the request must have been read, or, when the response has begun, the rest of it
 * been written: a read fails with REQUEST_TIMEOUT, a write with CANCELLED, however steadily single bytes
 * arrive. Monotonic; 0: no deadline, as at first. */
void http_exchange_set_deadline(struct http_exchange *exchange, int64_t monotonic_ms);

/* From now on the peer must send or take `bytes` in each window of time that reads and writes spend waiting for it
 * (what happens between them does not count): else a read fails with REQUEST_TIMEOUT, a write with CANCELLED.
 * Uses the deadline for itself. 0 ms: ends it. */
void http_exchange_set_pace(struct http_exchange *exchange, int64_t window_ms, int64_t bytes);

/* --- the response. Header lists end with a NULL name; Date, Content-Length or Transfer-Encoding and
 * Connection are added. An unread body makes the connection close (after a small one is drained). HEAD:
 * the body is suppressed here. */

/* Head and body in one write. 204 and 304 carry neither body nor Content-Length. */
void http_exchange_reply(struct http_exchange *exchange, int status, const struct http_header *headers,
	const void *body, size_t length);
/* For HEAD, and for GET before http_exchange_write: content_length -1 means chunked. The head leaves with
 * the first bytes written, or at the finish. */
void http_exchange_start(struct http_exchange *exchange, int status, const struct http_header *headers,
	int64_t content_length);
/* CANCELLED when the client went away or stopped reading for body_timeout_ms (noticed within 2 s more);
 * INTERNAL beyond content_length. */
MUST_CHECK int http_exchange_write(
	struct http_exchange *exchange, const void *bytes, size_t length, struct error *err);
/* The same with bytes of a file, which go from its pages to the socket where that is possible. INTERNAL also when
 * it has fewer. */
MUST_CHECK int http_exchange_write_file(
	struct http_exchange *exchange, int fd, int64_t first, int64_t length, struct error *err);
/* The same with all that a stream has left: it goes from the one connection to the other where that is possible. Also what
 * made the stream fail. Not for HEAD. */
MUST_CHECK int http_exchange_write_stream(
	struct http_exchange *exchange, struct http_stream *stream, struct error *err);
/* Ends a started response. With complete == false the connection is cut, so that the client sees that the
 * body is not whole. */
void http_exchange_finish(struct http_exchange *exchange, bool complete);
/* 0 until the response has begun. */
int http_exchange_status(const struct http_exchange *exchange);
/* Bytes of body sent so far. */
int64_t http_exchange_bytes_sent(const struct http_exchange *exchange);

#endif
