/* SPDX-License-Identifier: MIT */
#ifndef TEST_REST_H
#define TEST_REST_H

/*
 * The whole REST face on a real database, without a socket: THE route table, dispatch, handlers, rules,
 * PostgreSQL. Every reply is checked by its route's schema. Transfers are not behind it.
 */

#include "live/services/api-gateway/db/fixture.h"

#include "config.h"
#include "db/media_reader.h"
#include "db/user_repo.h"
#include "domain/password.h"
#include "domain/tokens.h"
#include "gateway.h"
#include "http/auth.h"
#include "http/coverage.h"
#include "http/dispatch.h"
#include "http/request.h"
#include "http/response.h"
#include "http/routes.h"
#include "schemas/schema.h"

#include <cjson/cJSON.h>
#include <strings.h>

struct rest {
	struct config config;
	struct gateway gateway;
	struct tokens_source tokens;
	struct schema_set *schemas;
	struct router *router;
	struct request request;
	struct response response;
	cJSON *reply; /* NULL without a JSON body */
	const char *body;
	size_t sent;
	const char *token;                    /* sent as Bearer; NULL: none */
	const char *if_match, *if_none_match; /* headers of the next request; NULL: none */
	const char *header[2];                /* one more header; name NULL: none */
	char authorization[600];
	char admin[TOKEN_SIZE], writer[TOKEN_SIZE], reader[TOKEN_SIZE];
};

static struct rest rest;

static inline const char *rest_request_header(void *context, const char *name)
{
	(void)context;
	if (strcasecmp(name, "If-Match") == 0)
		return rest.if_match;
	if (strcasecmp(name, "If-None-Match") == 0)
		return rest.if_none_match;
	if (rest.header[0] && strcasecmp(name, rest.header[0]) == 0)
		return rest.header[1];
	if (strcasecmp(name, "Authorization") != 0 || !rest.token)
		return NULL;
	snprintf(rest.authorization, sizeof(rest.authorization), "Bearer %s", rest.token);
	return rest.authorization;
}

static inline ssize_t rest_read(void *context, void *out, size_t size, struct error *err)
{
	(void)context, (void)err;
	size_t left = strlen(rest.body) - rest.sent, count = left < size ? left : size;
	memcpy(out, rest.body + rest.sent, count);
	rest.sent += count;
	return (ssize_t)count;
}

/* The status; the reply stands in rest.reply until the next call. The path may have a query. */
static inline int rest_send(const char *method, const char *path, const char *body)
{
	cJSON_Delete(rest.reply);
	response_release(&rest.response);
	rest.response = (struct response){0};
	rest.body = body ? body : "";
	rest.sent = 0;
	const char *query = strchr(path, '?');
	rest.request = (struct request){
		.method = method,
		.raw_path = query ? arena_memdup(fixture.arena, path, (size_t)(query - path)) : path,
		.raw_query = query ? query + 1 : "",
		.source = {NULL, rest_request_header, rest_read, (int64_t)strlen(rest.body), NULL},
	};
	request_begin(&rest.request, fixture.arena);
	dispatch(&rest.gateway, &rest.request, &rest.response);
	rest.reply = rest.response.body.length ? cJSON_Parse(rest.response.body.data) : NULL;
	rest.if_match = rest.if_none_match = NULL;
	return rest.response.status;
}

/* A header of the reply, or NULL. */
static inline const char *rest_header(const char *name)
{
	for (size_t i = 0; i < rest.response.header_count; i++)
		if (strcasecmp(rest.response.headers[i].name, name) == 0)
			return rest.response.headers[i].value;
	return NULL;
}

#define assert_status(expected_, method_, path_, text_)                                                      \
	do {                                                                                                 \
		int status_ = rest_send(method_, path_, text_);                                              \
		if (status_ != (expected_))                                                                  \
			fail_msg("%s %s: %d %s (%s)", method_, path_, status_,                               \
				rest.response.body.data ? rest.response.body.data : "",                      \
				rest.response.error.cause);                                                  \
	} while (0)

static inline const char *rest_text(const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(rest.reply, name));
}

static inline int64_t rest_int(const char *name)
{
	return (int64_t)cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(rest.reply, name));
}

/* The reply's "detail" as JSON text. */
static inline const char *rest_detail(void)
{
	char *text = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(rest.reply, "detail"));
	const char *copy = arena_strdup(fixture.arena, text);
	cJSON_free(text);
	return copy;
}

static inline void rest_make_user(const char *name, const char *role, char token[TOKEN_SIZE])
{
	struct db_conn *conn = fixture_acquire();
	struct arena *arena = arena_create();
	const char *hash;
	int64_t pk;
	assert_ok(password_hash("secret", soon(), arena, &hash, &fixture.err));
	assert_ok(user_create(conn, name, hash, role, &pk, &fixture.err));
	arena_free(arena);
	db_release(&conn);
	assert_ok(tokens_start_login(&rest.tokens, pk, 3600 * 1000, token, &fixture.err));
}

static inline int rest_create(void **state)
{
	fixture_create(state);
	assert_ok(schema_set_create(schema_files, &rest.schemas, &fixture.err));
	rest.router = router_create(ROUTES);
	rest.tokens = (struct tokens_source){fixture.pool, 20000};
	rest.config.database_timeout_ms = 20000;
	rest.config.password_min = 8;
	rest.config.token_lifetime_max_ms = INT64_C(3650) * 86400 * 1000;
	rest.gateway = (struct gateway){
		.config = &rest.config,
		.pool = fixture.pool,
		.lists = fixture.pool,
		.reader = media_reader_create(fixture.pool, 20000),
		.schemas = rest.schemas,
		.router = rest.router,
		.auth = auth_create(tokens_lookup, &rest.tokens),
		.body_max = 1024 * 1024,
		.token_lifetime_ms = 3600 * 1000,
		.database_timeout_ms = 20000,
		.check_replies = true,
	};
	const char *coverage = getenv("TEST_COVERAGE");
	if (coverage)
		assert_ok(coverage_create(coverage, &rest.gateway.coverage, &fixture.err));
	memset(rest.gateway.secret_key, 7, sizeof(rest.gateway.secret_key));
	rest_make_user("admin", "admin", rest.admin);
	rest_make_user("writer", "writer", rest.writer);
	rest_make_user("reader", "reader", rest.reader);
	return 0;
}

static inline int rest_drop(void **state)
{
	coverage_free(rest.gateway.coverage);
	auth_free(rest.gateway.auth);
	media_reader_free(rest.gateway.reader);
	router_free(rest.router);
	schema_set_free(rest.schemas);
	return fixture_drop(state);
}

static inline int rest_begin(void **state)
{
	rest.token = rest.admin;
	rest.header[0] = NULL;
	return fixture_begin(state);
}

static inline int rest_end(void **state)
{
	cJSON_Delete(rest.reply);
	rest.reply = NULL;
	response_release(&rest.response);
	return fixture_end(state);
}

#define rest_test(name) cmocka_unit_test_setup_teardown(name, rest_begin, rest_end)

#endif
