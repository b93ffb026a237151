/* SPDX-License-Identifier: MIT */
#include "common/arena.h"
#include "common/digest.h"
#include "gateway.h"
#include "http/auth.h"
#include "http/coverage.h"
#include "http/dispatch.h"
#include "http/request.h"
#include "http/response.h"
#include "http/router.h"
#include "schemas/schema.h"

#include "support/cmocka.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* --- a gateway of a few routes, and one request on it */

struct fixture {
	struct gateway gateway;
	struct arena *arena;
	struct request request;
	struct response response;
	const char *headers[8][2];
	const char *body;
	size_t length, sent;
	int reads;
};

static int handle_echo(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)gateway, (void)err;
	if (request->json)
		response_cjson(request, response, request->json);
	else
		response_json_text(request, response, "{\"msg\":\"hi\"}", 12);
	return 0;
}

static int handle_nothing(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)gateway, (void)request, (void)response, (void)err;
	return 0;
}

static int handle_failure(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)gateway;
	response_json_text(request, response, "half a reply", 12);
	response_header(request, response, "ETag", "\"x\"");
	response_add_error_member(response, "pid", request_param(request, "pid"));
	error_set(err, ERROR_CONFLICT, "in the way: \"%s\"", "x");
	return error_add_cause(err, "secret cause");
}

static int handle_bad_range(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)gateway;
	response_header(request, response, "ETag", "\"x\"");
	response_header(request, response, "Content-Range", "bytes */10");
	return error_set(err, ERROR_RANGE, NULL);
}

static int handle_bad_type(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)gateway, (void)request, (void)response;
	return error_set(err, ERROR_INVALID, "bad pid_type: X");
}

static int handle_stream(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)gateway;
	char bytes[4];
	ssize_t got = request_read(request, bytes, sizeof(bytes), err);
	if (got < 0)
		return -1;
	buf_append(&response->body, bytes, (size_t)got);
	return 0;
}

static int handle_wrong_reply(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)gateway, (void)err;
	response_json_text(request, response, "{\"message\":1}", 13);
	return 0;
}

static const struct route TABLE[] = {
	{"GET", "/api/hello", handle_echo, PUBLIC, {.schema = NULL}, "rest/hello.json", 200},
	{"GET", "/api/wrong", handle_wrong_reply, PUBLIC, {.schema = NULL}, "rest/hello.json", 200},
	{"POST", "/api/identifier", handle_echo, WRITER,
		{.schema = "rest/identifier_input.json", .argument = "identifier", .limit = 200}, NULL, 200},
	{"POST", "/api/large", handle_nothing, WRITER, {.schema = "rest/hello.json"}, NULL, 200},
	{"DELETE", "/api/identifier/{name}", handle_nothing, WRITER, {.schema = NULL}, NULL, 204},
	{"GET", "/api/failure/{pid}", handle_failure, READER, {.schema = NULL}, NULL, 200},
	{"GET", "/api/range", handle_bad_range, READER, {.schema = NULL}, NULL, 200},
	{"GET", "/api/type", handle_bad_type, READER, {.schema = NULL}, NULL, 200},
	{"PUT", "/api/stream", handle_stream, WRITER, {.schema = ROUTE_RAW}, NULL, 200},
	{NULL, NULL, NULL, PUBLIC, {.schema = NULL}, NULL, 0},
};

/* Two tokens: "reader" and "writer". */
static int lookup(
	void *context, const unsigned char hash[AUTH_HASH_SIZE], struct principal *out, struct error *err)
{
	(void)context, (void)err;
	static const char *const TOKENS[] = {[ROLE_READER] = "reader", [ROLE_WRITER] = "writer"};
	for (int role = ROLE_READER; role <= ROLE_WRITER; role++) {
		unsigned char known[32];
		digest_sha256(TOKENS[role], strlen(TOKENS[role]), known);
		if (memcmp(known, hash, AUTH_HASH_SIZE) != 0)
			continue;
		*out = (struct principal){.user_pk = 7, .username = "somebody", .role = (enum role)role};
		return 1;
	}
	return 0;
}

static const char *header_of(void *context, const char *name)
{
	const struct fixture *fixture = context;
	for (int i = 0; fixture->headers[i][0]; i++)
		if (strcasecmp(fixture->headers[i][0], name) == 0)
			return fixture->headers[i][1];
	return NULL;
}

static ssize_t read_body(void *context, void *out, size_t size, struct error *err)
{
	(void)err;
	struct fixture *fixture = context;
	fixture->reads++;
	size_t left = fixture->length - fixture->sent;
	size_t count = left < size ? left : size;
	memcpy(out, fixture->body + fixture->sent, count);
	fixture->sent += count;
	return (ssize_t)count;
}

static int set_up(void **state)
{
	struct fixture *fixture = test_calloc(1, sizeof(*fixture));
	struct schema_set *schemas;
	struct error err;
	assert_int_equal(schema_set_create(schema_files, &schemas, &err), 0);
	fixture->gateway = (struct gateway){
		.schemas = schemas,
		.router = router_create(TABLE),
		.auth = auth_create(lookup, NULL),
		.body_max = 6 * 1024 * 1024,
		.check_replies = true,
	};
	fixture->arena = arena_create();
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	response_release(&fixture->response);
	arena_free(fixture->arena);
	auth_free(fixture->gateway.auth);
	router_free((struct router *)fixture->gateway.router);
	schema_set_free((struct schema_set *)fixture->gateway.schemas);
	test_free(fixture);
	return 0;
}

static void add_header(struct fixture *fixture, const char *name, const char *value)
{
	int count = 0;
	while (fixture->headers[count][0])
		count++;
	fixture->headers[count][0] = name;
	fixture->headers[count][1] = value;
}

/* length -1: chunked */
static int send_bytes(struct fixture *fixture, const char *method, const char *path, const char *body,
	size_t length, int64_t content_length)
{
	fixture->body = body;
	fixture->length = length;
	fixture->sent = 0;
	response_release(&fixture->response);
	fixture->response = (struct response){0};
	fixture->request = (struct request){
		.method = method,
		.raw_path = path,
		.raw_query = "",
		.source = {fixture, header_of, read_body, content_length, NULL},
	};
	request_begin(&fixture->request, fixture->arena);
	dispatch(&fixture->gateway, &fixture->request, &fixture->response);
	return fixture->response.status;
}

static int send_text(struct fixture *fixture, const char *method, const char *path, const char *body)
{
	size_t length = body ? strlen(body) : 0;
	return send_bytes(fixture, method, path, body, length, (int64_t)length);
}

static const char *reply_header(const struct fixture *fixture, const char *name)
{
	for (size_t i = 0; i < fixture->response.header_count; i++)
		if (strcasecmp(fixture->response.headers[i].name, name) == 0)
			return fixture->response.headers[i].value;
	return NULL;
}

static void assert_code(const struct fixture *fixture, const char *code)
{
	cJSON *body = cJSON_Parse(fixture->response.body.data);
	assert_non_null(body);
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(body, "code")), code);
	assert_string_equal(
		cJSON_GetStringValue(cJSON_GetObjectItem(body, "request_id")), fixture->request.request_id);
	cJSON_Delete(body);
}

static void assert_detail(const struct fixture *fixture, const char *detail)
{
	cJSON *body = cJSON_Parse(fixture->response.body.data);
	assert_non_null(body);
	char *text = cJSON_PrintUnformatted(cJSON_GetObjectItem(body, "detail"));
	assert_string_equal(text, detail);
	cJSON_free(text);
	cJSON_Delete(body);
}

/* --- the order of refusals */

static void unknown_route_is_404_before_authentication(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(send_text(fixture, "GET", "/api/nothing", NULL), 404);
	assert_code(fixture, "not_found");
	assert_detail(fixture, "\"Not Found\"");
}

static void other_method_is_405_with_allow(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(send_text(fixture, "PATCH", "/api/hello", NULL), 405);
	assert_string_equal(reply_header(fixture, "Allow"), "GET, HEAD");
	assert_code(fixture, "method_not_allowed");
}

static void missing_token_is_401_before_the_body_is_looked_at(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(send_text(fixture, "POST", "/api/identifier", "{broken"), 401);
	assert_detail(fixture, "\"Unauthorized\"");
	assert_code(fixture, "unauthorized");
	assert_string_equal(reply_header(fixture, "WWW-Authenticate"), "Bearer");
	assert_int_equal(fixture->reads, 0);
}

static void wrong_token_is_401(void **state)
{
	struct fixture *fixture = *state;
	add_header(fixture, "Authorization", "Bearer stranger");
	assert_int_equal(send_text(fixture, "GET", "/api/type", NULL), 401);
}

static void too_low_a_role_is_403_before_the_body_is_looked_at(void **state)
{
	struct fixture *fixture = *state;
	add_header(fixture, "authorization", "bEaReR reader");
	assert_int_equal(send_text(fixture, "POST", "/api/identifier", "{\"name\":\"x\"}"), 403);
	assert_code(fixture, "forbidden");
	assert_int_equal(fixture->reads, 0);
}

static void public_route_needs_no_token(void **state)
{
	struct fixture *fixture = *state;
	add_header(fixture, "Authorization", "nonsense");
	assert_int_equal(send_text(fixture, "GET", "/api/hello", NULL), 200);
	assert_string_equal(fixture->response.body.data, "{\"msg\":\"hi\"}");
	assert_string_equal(reply_header(fixture, "Content-Type"), "application/json");
}

static void handler_learns_who_asks(void **state)
{
	struct fixture *fixture = *state;
	add_header(fixture, "Authorization", "Bearer writer");
	assert_int_equal(send_text(fixture, "DELETE", "/api/identifier/a%20b", NULL), 204);
	assert_string_equal(fixture->request.principal.username, "somebody");
	assert_string_equal(request_param(&fixture->request, "name"), "a b");
	assert_int_equal(fixture->response.body.length, 0);
}

/* --- bodies */

static void malformed_json_is_400(void **state)
{
	struct fixture *fixture = *state;
	add_header(fixture, "Authorization", "Bearer writer");
	const char *const broken[] = {"{", "{}x", "nul", "{\"a\":01}", "{'a':1}", "{\"a\":nan}", " "};
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		assert_int_equal(send_text(fixture, "POST", "/api/identifier", broken[i]), 400);
		assert_detail(fixture, "\"Cannot parse request body\"");
	}
}

static void wrong_fields_are_named(void **state)
{
	struct fixture *fixture = *state;
	add_header(fixture, "Authorization", "Bearer writer");
	assert_int_equal(send_text(fixture, "POST", "/api/identifier", "{\"name\":5}"), 422);
	assert_detail(fixture, "[{\"type\":\"string_type\",\"loc\":[\"body\",\"identifier\",\"name\"],"
			       "\"msg\":\"Input should be a valid string\"}]");
	assert_code(fixture, "invalid");
}

static void missing_body_is_a_missing_argument(void **state)
{
	struct fixture *fixture = *state;
	add_header(fixture, "Authorization", "Bearer writer");
	assert_int_equal(send_text(fixture, "POST", "/api/identifier", NULL), 422);
	assert_detail(fixture,
		"[{\"type\":\"missing\",\"loc\":[\"body\",\"identifier\"],\"msg\":\"Field required\"}]");
}

static void byte_order_mark_is_accepted(void **state)
{
	struct fixture *fixture = *state;
	add_header(fixture, "Authorization", "Bearer writer");
	assert_int_equal(send_text(fixture, "POST", "/api/identifier", "\xEF\xBB\xBF{\"name\":\"x\"}"), 200);
	assert_string_equal(fixture->request.body, "{\"name\":\"x\"}");
}

static void chunked_body_is_read_whole(void **state)
{
	struct fixture *fixture = *state;
	add_header(fixture, "Authorization", "Bearer writer");
	assert_int_equal(send_bytes(fixture, "POST", "/api/identifier", "{\"name\":\"x\"}", 12, -1), 200);
	assert_string_equal(fixture->response.body.data, "{\"name\":\"x\"}");
}

static void body_beyond_the_limit_is_413(void **state)
{
	struct fixture *fixture = *state;
	char body[300];
	memset(body, ' ', sizeof(body));
	add_header(fixture, "Authorization", "Bearer writer");
	assert_int_equal(
		send_bytes(fixture, "POST", "/api/identifier", body, sizeof(body), sizeof(body)), 413);
	assert_int_equal(fixture->reads, 0);
	assert_int_equal(send_bytes(fixture, "POST", "/api/identifier", body, sizeof(body), -1), 413);
	assert_code(fixture, "too_large");
}

static void nul_in_a_string_is_422(void **state)
{
	struct fixture *fixture = *state;
	add_header(fixture, "Authorization", "Bearer writer");
	assert_int_equal(send_text(fixture, "POST", "/api/identifier", "{\"name\":\"a\\u0000b\"}"), 422);
}

static void last_of_repeated_names_reaches_the_handler(void **state)
{
	struct fixture *fixture = *state;
	add_header(fixture, "Authorization", "Bearer writer");
	const char *body = "{\"name\":1,\"x\":{\"a\":1,\"b\":2,\"a\":3},\"name\":\"n\"}";
	assert_int_equal(send_text(fixture, "POST", "/api/identifier", body), 200);
	assert_string_equal(fixture->response.body.data, "{\"x\":{\"b\":2,\"a\":3},\"name\":\"n\"}");
}

static void deep_nesting_is_refused(void **state)
{
	struct fixture *fixture = *state;
	static char body[100 * 1024];
	memset(body, '[', sizeof(body));
	add_header(fixture, "Authorization", "Bearer writer");
	int status = send_bytes(fixture, "POST", "/api/large", body, sizeof(body), sizeof(body));
	assert_true(status >= 400 && status < 500);
}

static void too_many_values_are_413(void **state)
{
	struct fixture *fixture = *state;
	size_t length = 5 * 1000 * 1000 + 1;
	char *body = test_malloc(length);
	for (size_t i = 0; i < length; i++)
		body[i] = i % 2 ? '0' : ',';
	body[0] = '[';
	body[length - 1] = ']';
	add_header(fixture, "Authorization", "Bearer writer");
	assert_int_equal(send_bytes(fixture, "POST", "/api/large", body, length, (int64_t)length), 413);
	test_free(body);
}

static void stream_is_left_to_the_handler(void **state)
{
	struct fixture *fixture = *state;
	add_header(fixture, "Authorization", "Bearer writer");
	assert_int_equal(send_text(fixture, "PUT", "/api/stream", "{no json"), 200);
	assert_string_equal(fixture->response.body.data, "{no ");
}

/* --- replies */

static void failing_handler_gets_an_error_body_and_nothing_else(void **state)
{
	struct fixture *fixture = *state;
	add_header(fixture, "Authorization", "Bearer reader");
	assert_int_equal(send_text(fixture, "GET", "/api/failure/p%22q", NULL), 409);
	assert_detail(fixture, "\"in the way: \\\"x\\\"\"");
	assert_code(fixture, "conflict");
	assert_non_null(strstr(fixture->response.body.data, "\"pid\":\"p\\\"q\""));
	assert_null(strstr(fixture->response.body.data, "secret"));
	assert_null(strstr(fixture->response.body.data, "half"));
	assert_null(reply_header(fixture, "ETag"));
	assert_string_equal(fixture->response.error.cause, "secret cause");
}

static void rule_that_is_broken_is_a_list_of_one(void **state)
{
	struct fixture *fixture = *state;
	add_header(fixture, "Authorization", "Bearer reader");
	assert_int_equal(send_text(fixture, "GET", "/api/type", NULL), 422);
	assert_detail(fixture, "[{\"error\":\"bad pid_type: X\"}]");
}

static void range_that_fails_tells_the_size(void **state)
{
	struct fixture *fixture = *state;
	add_header(fixture, "Authorization", "Bearer reader");
	assert_int_equal(send_text(fixture, "GET", "/api/range", NULL), 416);
	assert_string_equal(reply_header(fixture, "Content-Range"), "bytes */10");
	assert_null(reply_header(fixture, "ETag"));
}

static void every_error_body_fits_its_schema(void **state)
{
	struct fixture *fixture = *state;
	add_header(fixture, "Authorization", "Bearer reader");
	const char *const paths[] = {"/api/nothing", "/api/type", "/api/failure/p", "/api/%zz"};
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		send_text(fixture, "GET", paths[i], NULL);
		cJSON *body = cJSON_Parse(fixture->response.body.data);
		struct buf problems = {0};
		const char *const loc[] = {NULL};
		const struct schema *schema = schema_set_find(fixture->gateway.schemas, "rest/error.json");
		assert_int_equal(schema_check(schema, value_of_json(body), loc, &problems), 0);
		cJSON_Delete(body);
	}
}

static void reply_that_breaks_its_schema_is_500_when_checked(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(send_text(fixture, "GET", "/api/wrong", NULL), 500);
	assert_non_null(strstr(fixture->response.error.cause, "rest/hello.json"));
	fixture->gateway.check_replies = false;
	assert_int_equal(send_text(fixture, "GET", "/api/wrong", NULL), 200);
}

/* --- what joins the log lines */

static void assert_noted(FILE *account, const char *expected)
{
	char line[200];
	assert_non_null(fgets(line, sizeof(line), account));
	assert_string_equal(line, expected);
}

static void every_reply_is_noted_for_the_coverage(void **state)
{
	struct fixture *fixture = *state;
	char path[] = "/tmp/test_dispatch.XXXXXX";
	close(mkstemp(path));
	assert_int_equal(coverage_create(path, &fixture->gateway.coverage, &fixture->response.error), 0);
	send_text(fixture, "HEAD", "/api/hello", NULL);
	send_text(fixture, "GET", "/api/nothing", NULL);
	add_header(fixture, "Authorization", "Bearer writer");
	send_text(fixture, "DELETE", "/api/identifier/x", NULL);
	FILE *account = fopen(path, "r");
	assert_noted(account,
		"{\"method\":\"GET\",\"pattern\":\"/api/hello\",\"status\":200,\"body\":\"fits\"}\n");
	assert_noted(account, "{\"method\":\"GET\",\"pattern\":null,\"status\":404,\"body\":\"fits\"}\n");
	assert_noted(account, "{\"method\":\"DELETE\",\"pattern\":\"/api/identifier/"
			      "{name}\",\"status\":204,\"body\":\"none\"}\n");
	fclose(account);
	unlink(path);
	coverage_free(fixture->gateway.coverage);
}

static void clients_request_id_is_kept_when_it_is_harmless(void **state)
{
	struct fixture *fixture = *state;
	add_header(fixture, "X-Request-Id", "Run-7.a_b");
	send_text(fixture, "GET", "/api/hello", NULL);
	assert_string_equal(reply_header(fixture, "X-Request-Id"), "Run-7.a_b");
}

static void harmful_request_id_is_replaced(void **state)
{
	struct fixture *fixture = *state;
	char longest[66];
	memset(longest, 'a', 65);
	longest[65] = '\0';
	const char *const harmful[] = {"a b", "a\"b", "", "\u00e4", longest};
	add_header(fixture, "X-Request-Id", "x");
	for (size_t i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++) {
		fixture->headers[0][1] = harmful[i];
		send_text(fixture, "GET", "/api/hello", NULL);
		assert_int_equal(strlen(reply_header(fixture, "X-Request-Id")), 36);
	}
}

static void traceparent_is_carried_only_when_valid(void **state)
{
	struct fixture *fixture = *state;
	const char *valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
	add_header(fixture, "traceparent", valid);
	send_text(fixture, "GET", "/api/hello", NULL);
	assert_string_equal(fixture->request.traceparent, valid);
	const char *const invalid[] = {"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", "x"};
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		fixture->headers[0][1] = invalid[i];
		send_text(fixture, "GET", "/api/hello", NULL);
		assert_string_equal(fixture->request.traceparent, "");
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(unknown_route_is_404_before_authentication),
		TEST(other_method_is_405_with_allow),
		TEST(missing_token_is_401_before_the_body_is_looked_at),
		TEST(wrong_token_is_401),
		TEST(too_low_a_role_is_403_before_the_body_is_looked_at),
		TEST(public_route_needs_no_token),
		TEST(handler_learns_who_asks),
		TEST(malformed_json_is_400),
		TEST(wrong_fields_are_named),
		TEST(missing_body_is_a_missing_argument),
		TEST(byte_order_mark_is_accepted),
		TEST(chunked_body_is_read_whole),
		TEST(body_beyond_the_limit_is_413),
		TEST(nul_in_a_string_is_422),
		TEST(last_of_repeated_names_reaches_the_handler),
		TEST(deep_nesting_is_refused),
		TEST(too_many_values_are_413),
		TEST(stream_is_left_to_the_handler),
		TEST(failing_handler_gets_an_error_body_and_nothing_else),
		TEST(rule_that_is_broken_is_a_list_of_one),
		TEST(range_that_fails_tells_the_size),
		TEST(every_error_body_fits_its_schema),
		TEST(reply_that_breaks_its_schema_is_500_when_checked),
		TEST(every_reply_is_noted_for_the_coverage),
		TEST(clients_request_id_is_kept_when_it_is_harmless),
		TEST(harmful_request_id_is_replaced),
		TEST(traceparent_is_carried_only_when_valid),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
