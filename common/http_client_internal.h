/* SPDX-License-Identifier: MIT */
#ifndef COMMON_HTTP_CLIENT_INTERNAL_H
#define COMMON_HTTP_CLIENT_INTERNAL_H

/*
 * What the files of the HTTP client share and nobody else includes: http_client.c (handles, calls), http_client_move.c
 * (calls whose body is moved from socket to socket), http_client_reply.c.
 */

#include "common/buf.h"
#include "common/http_client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>

enum { HTTP_CLIENT_IDLE_MAX = 64 };

struct http_client {
	int64_t connect_timeout_ms;
	char *user_agent, *ca_file, *proxy;
	const struct address_policy *addresses;

	pthread_mutex_t lock; /* guards what follows */
	CURL *idle[HTTP_CLIENT_IDLE_MAX];
	size_t idle_count;
};

struct http_reply {
	int status;
	struct buf headers; /* name NUL value NUL … */
	struct buf body;
};

/* "Name: value", without the end of the line. UNAVAILABLE: there are too many. */
MUST_CHECK int http_reply_add_header(
	struct http_reply *reply, const char *line, size_t length, struct error *err);

void http_client_set_transport(const struct http_client *client, CURL *handle);

/* Runs a call that has move(), if it suits: 1: done, 0: nothing was given to the caller, run it otherwise; -1. */
MUST_CHECK int http_client_move(struct http_client *client, const struct http_call *call,
	struct http_reply *reply, struct error *err);

#endif
