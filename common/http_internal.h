/* SPDX-License-Identifier: MIT */
#ifndef COMMON_HTTP_INTERNAL_H
#define COMMON_HTTP_INTERNAL_H

/*
 * What the files of the HTTP server share and nobody else includes: http_server.c (listener,
 * connections, drain), http_head.c (refuses malformed heads), http_request.c (the exchange's request),
 * http_response.c (its response), http_sendfile.c (files in it), http_splice.c (other connections' bytes
 * in it), http_socket.c (the socket of an exchange), http_deadline.c (ends exchanges that take too long).
 */

#include "common/buf.h"
#include "common/http_server.h"

#include <civetweb.h>
#include <pthread.h>

/* civetweb's threads have stacks of 100 KiB: nothing larger than a few KiB goes there. */
enum {
	HTTP_PIECE = 64 * 1024, /* largest read from and copy to the socket at once */
	HTTP_DRAIN_MAX =
		64 * 1024,     /* an unread body up to this size is read so that the connection can stay */
	HTTP_LINGER_MS = 2000, /* how long a longer one is read so that the client gets to see the reply */
};

struct http_server {
	struct http_server_options options;
	struct mg_context *context;
	int port;
	size_t head_buffer_size; /* civetweb's, larger than max_head_size */
	_Atomic bool started;
	struct error start_error; /* until then */

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t idle;  /* in_flight became 0 */
	int connections;
	int in_flight;
	bool draining;

	struct http_watch *watch;
};

/* How the client learns where the response's body ends. */
enum http_framing { HTTP_FRAMED_BY_LENGTH, HTTP_FRAMED_BY_CHUNKS, HTTP_FRAMED_BY_CLOSE };

struct http_exchange {
	struct http_server *server;
	struct mg_connection *connection;
	const struct mg_request_info *request;

	bool chunked;           /* request body of unknown length */
	int64_t content_length; /* -1 when chunked */
	int64_t received;
	bool body_ended, body_failed;
	struct error body_error; /* once it has failed */
	bool awaits_continue;

	bool may_keep; /* as far as server and client wish; the body decides too */
	bool keep;     /* promised in the head */
	bool cut;      /* the response is not whole, or the client is gone */

	int64_t deadline_ms; /* these three are guarded by the watch's lock; 0: not watched */
	struct http_exchange *watched_next, **watched_link;
	_Atomic bool expired, responding;
	bool watched; /* a deadline was set: the exchange's own thread may look without the lock */

	struct {
		int64_t window_ms, bytes; /* 0: none */
		int64_t waited_ms, moved; /* in the present window */
	} pace;

	int status;
	bool bodiless; /* HEAD, 204, 304 */
	enum http_framing framing;
	int64_t declared, sent;
	bool finished;
	struct buf out; /* head not sent yet, or a chunk being made */
};

/* 0, or the status to refuse the request with and *detail why. `request` as civetweb's parser left it,
 * whose buffer has `buffer_size` bytes. */
int http_head_check(
	struct mg_request_info *request, size_t max_head_size, size_t buffer_size, const char **detail);
/* The number of headers of that name; *value is the last one's. */
int http_head_find(const struct mg_request_info *request, const char *name, const char **value);
/* Whether a comma-separated header value holds the token, in any case. */
bool http_head_has_token(const char *value, const char *token);

/* Fills what the request's head says. */
void http_request_init(struct http_exchange *exchange, struct http_server *server,
	struct mg_connection *connection, bool may_keep);
/* What is left of the body is small enough to be read for the sake of the connection. */
bool http_request_drainable(const struct http_exchange *exchange);
/* Reads the rest: all of it when the connection stays, for HTTP_LINGER_MS when it closes. */
void http_request_drain(struct http_exchange *exchange);

/* Around each wait for the peer that may take long: the most bytes to be moved in it, as its start, and its
 * end with what moved. */
size_t http_pace_piece(const struct http_exchange *exchange, size_t size);
int64_t http_pace_begin(struct http_exchange *exchange);
void http_pace_end(struct http_exchange *exchange, int64_t began_ms, int64_t moved);

/* The exchange's socket, which stays its own for as long as it is open; -1 when it cannot be found. */
int http_socket_find(const struct http_exchange *exchange);
/* Lets push() move up to `size` bytes to it, as sendfile() does and answers: > 0 sent; 0: the socket was full, and has room
 * again; -1: the client is gone (CANCELLED), or push() has failed, or moved nothing (INTERNAL). */
MUST_CHECK ssize_t http_socket_push(struct http_exchange *exchange, int socket,
	ssize_t (*push)(void *context, int socket, size_t size), void *context, size_t length,
	struct error *err);

/* 0 when so many bytes of body may still be sent; else the connection is cut. */
MUST_CHECK int http_response_check_room(struct http_exchange *exchange, int64_t length, struct error *err);
/* Sends what waits to be sent: the head. */
MUST_CHECK int http_response_flush(struct http_exchange *exchange, struct error *err);

/* Watches the deadlines of a server's exchanges, on a thread of its own. */
struct http_watch *http_watch_create(void);
void http_watch_free(struct http_watch *watch); /* NULL is accepted */

/* Replies with the JSON {"detail": …, "code": …} of the server's own errors. */
void http_response_refuse(
	struct http_exchange *exchange, int status, enum error_code code, const char *detail);

#endif
