/* SPDX-License-Identifier: MIT */
#ifndef TEST_ASK_H
#define TEST_ASK_H

/* One request at a time to a gateway of a program's own routes, without a socket. */

#include "common/arena.h"
#include "gateway.h"
#include "http/dispatch.h"
#include "http/request.h"
#include "http/response.h"
#include "http/router.h"
#include "schemas/schema.h"

#include "support/cmocka.h"

#include <string.h>
#include <strings.h>

static struct {
	struct gateway gateway;
	struct arena *arena;
	struct request request;
	struct response response;
	const char *headers[8][2]; /* ends with a NULL name */
	const char *body;
	size_t sent;
} asking;

static inline const char *ask_request_header(void *context, const char *name)
{
	(void)context;
	for (int i = 0; asking.headers[i][0]; i++)
		if (strcasecmp(asking.headers[i][0], name) == 0)
			return asking.headers[i][1];
	return NULL;
}

static inline ssize_t ask_read(void *context, void *out, size_t size, struct error *err)
{
	(void)context, (void)err;
	size_t left = strlen(asking.body) - asking.sent, count = left < size ? left : size;
	memcpy(out, asking.body + asking.sent, count);
	asking.sent += count;
	return (ssize_t)count;
}

static inline int ask(const char *method, const char *path, const char *body)
{
	asking.body = body ? body : "";
	asking.sent = 0;
	response_release(&asking.response);
	asking.response = (struct response){0};
	asking.request = (struct request){
		.method = method,
		.raw_path = path,
		.raw_query = "",
		.source = {NULL, ask_request_header, ask_read, (int64_t)strlen(asking.body), NULL},
	};
	request_begin(&asking.request, asking.arena);
	dispatch(&asking.gateway, &asking.request, &asking.response);
	return asking.response.status;
}

static inline const char *answered(const char *name)
{
	for (size_t i = 0; i < asking.response.header_count; i++)
		if (strcasecmp(asking.response.headers[i].name, name) == 0)
			return asking.response.headers[i].value;
	return NULL;
}

static inline void assert_header(const char *name, const char *value)
{
	assert_non_null(answered(name));
	assert_string_equal(answered(name), value);
}

static inline void ask_set_up(const struct route *table)
{
	struct schema_set *schemas;
	struct error err;
	assert_int_equal(schema_set_create(schema_files, &schemas, &err), 0);
	memset(&asking, 0, sizeof(asking));
	asking.gateway =
		(struct gateway){.schemas = schemas, .router = router_create(table), .body_max = 1 << 20};
	asking.arena = arena_create();
}

static inline void ask_tear_down(void)
{
	response_release(&asking.response);
	arena_free(asking.arena);
	router_free((struct router *)asking.gateway.router);
	schema_set_free((struct schema_set *)asking.gateway.schemas);
}

/* A new arena: what the last request held is given back. */
static inline void ask_forget(void)
{
	arena_free(asking.arena);
	asking.arena = arena_create();
}

#endif
