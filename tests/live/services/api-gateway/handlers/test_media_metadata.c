/* SPDX-License-Identifier: MIT */
#include "live/services/api-gateway/handlers/media.h"

#include <pthread.h>

static void set(const char *metadata)
{
	fixture_ask(arena_printf(
		fixture.arena, "UPDATE media SET metadata = '%s' WHERE pid = 'm' RETURNING 1", metadata));
}

#define assert_metadata(expected) assert_column("m", "metadata", expected)

/* One element about "m": what else it says. */
#define CHANGE(method, more)                                                                                 \
	assert_status(200, method, "/api/media/update/metadata", "[{\"pid\":\"m\"" more "}]")
#define assert_changed()  assert_body(DONE("m"))
#define assert_conflict() assert_in_body(FAILED("m") "\"conflict\"")

static void whole_documents_are_set(void **state)
{
	(void)state;
	CHANGE("PUT", ",\"data\":{\"a\":{\"\":[1,null]}}");
	assert_changed();
	assert_metadata("{\"a\": {\"\": [1, null]}}");
	CHANGE("PUT", ",\"keys\":[],\"data\":\"text\"");
	assert_metadata("\"text\"");
	CHANGE("PUT", ",\"keys\":null,\"data\":null");
	assert_metadata("null");
}

static void a_value_is_set_at_its_path(void **state)
{
	(void)state;
	set("{\"a\": {\"b\": 1}, \"k\": 2}");
	CHANGE("PUT", ",\"keys\":[\"a\",\"b\"],\"data\":[1.10,true]");
	assert_metadata("{\"a\": {\"b\": [1.10, true]}, \"k\": 2}");
	CHANGE("PUT", ",\"keys\":[\"x\",\"\",\"0\"],\"data\":null");
	assert_metadata("{\"a\": {\"b\": [1.10, true]}, \"k\": 2, \"x\": {\"\": {\"0\": null}}}");
	CHANGE("PUT", ",\"keys\":[\"a\",\"c\",\"d\"],\"data\":{}");
	assert_metadata(
		"{\"a\": {\"b\": [1.10, true], \"c\": {\"d\": {}}}, \"k\": 2, \"x\": {\"\": {\"0\": null}}}");
}

static void what_is_no_object_stands_in_the_way(void **state)
{
	(void)state;
	set("{\"a\": {\"b\": [{}]}}");
	CHANGE("PUT", ",\"keys\":[\"a\",\"b\",\"0\"],\"data\":1");
	assert_conflict();
	assert_in_body("what is at [\\\"a\\\",\\\"b\\\"] is no object");
	CHANGE("PATCH", ",\"keys\":[\"a\",\"b\",\"c\",\"d\"],\"data\":1");
	assert_conflict();
	CHANGE("DELETE", ",\"keys\":[\"a\",\"b\",\"0\"]");
	assert_conflict();
	set("7");
	CHANGE("PUT", ",\"keys\":[\"a\"],\"data\":1");
	assert_conflict();
	assert_metadata("7");
}

static void objects_are_merged(void **state)
{
	(void)state;
	set("{\"a\": {\"b\": 1, \"c\": 2}}");
	CHANGE("PATCH", ",\"keys\":[\"a\"],\"data\":{\"c\":3,\"d\":4}");
	assert_metadata("{\"a\": {\"b\": 1, \"c\": 3, \"d\": 4}}");
	CHANGE("PATCH", ",\"data\":{\"e\":{\"f\":5}}");
	assert_metadata("{\"a\": {\"b\": 1, \"c\": 3, \"d\": 4}, \"e\": {\"f\": 5}}");
	CHANGE("PATCH", ",\"keys\":[\"x\",\"y\"],\"data\":{\"z\":1}");
	assert_column("m", "metadata -> 'x'", "{\"y\": {\"z\": 1}}");
	CHANGE("PATCH", ",\"keys\":[\"a\",\"b\"],\"data\":\"scalar\"");
	assert_column("m", "metadata #> '{a,b}'", "\"scalar\"");
	CHANGE("PATCH", ",\"keys\":[\"a\"],\"data\":5");
	assert_conflict();
	CHANGE("PATCH", ",\"keys\":[\"a\",\"b\"],\"data\":{}");
	assert_conflict();
}

static void parts_are_removed(void **state)
{
	(void)state;
	set("{\"a\": {\"b\": 1, \"c\": 2}, \"0\": 1}");
	CHANGE("DELETE", ",\"keys\":[\"a\",\"b\"]");
	assert_metadata("{\"0\": 1, \"a\": {\"c\": 2}}");
	CHANGE("DELETE", ",\"keys\":[\"0\"]");
	assert_metadata("{\"a\": {\"c\": 2}}");
	CHANGE("DELETE", ",\"keys\":[\"nothing\",\"there\"]");
	assert_changed();
	assert_metadata("{\"a\": {\"c\": 2}}");
	CHANGE("DELETE", "");
	assert_metadata("{}");
}

static void elements_fail_alone_and_apply_in_order(void **state)
{
	(void)state;
	set("{}");
	assert_status(200, "PUT", "/api/media/update/metadata",
		"[{\"pid\":\"m\",\"keys\":[\"a\"],\"data\":1},{\"pid\":\"m\",\"keys\":[\"a\",\"b\"],\"data\":"
		"2},"
		"{\"pid\":\"nobody\",\"data\":3},{\"pid\":\"m\",\"keys\":[\"c\"],\"data\":4}]");
	assert_in_body("{\"successes\":[\"m\",\"m\"],\"failures\":[{\"pid\":\"m\",\"error\":\"conflict\"");
	assert_in_body("{\"pid\":\"nobody\",\"error\":\"not_found\"");
	assert_metadata("{\"a\": 1, \"c\": 4}");
}

/* --- exactly */

static const char EXACT[] =
	"{\"big\":12345678901234567890,\"rate\":1.10,\"small\":0.000000000000000000001,\"\":{\"\":\"\"},"
	"\"\\u00e9t\xc3\xa9\":\"\\ud83d\\ude00\",\"big\":98765432109876543210}";
static const char EXACT_BACK[] = "{\"\": {\"\": \"\"}, \"big\": 98765432109876543210, \"rate\": 1.10, "
				 "\"small\": 0.000000000000000000001, "
				 "\"\xc3\xa9t\xc3\xa9\": \"\xf0\x9f\x98\x80\"}";

static void documents_come_back_exactly(void **state)
{
	(void)state;
	assert_status(200, "POST", "/api/media",
		arena_printf(fixture.arena,
			"{\"pid\":\"exact\",\"pid_type\":\"DEFAULT\"," STORE ",\"metadata\":%s}", EXACT));
	assert_in_body(EXACT_BACK);
	assert_status(200, "GET", "/api/media/exact", NULL);
	assert_in_body(EXACT_BACK);
	assert_status(200, "POST", "/api/media/create",
		arena_printf(fixture.arena,
			"[{\"pid\":\"exact2\",\"pid_type\":\"DEFAULT\"," STORE ",\"metadata\":%s}]", EXACT));
	assert_in_body(EXACT_BACK);
	CHANGE("PUT", ",\"data\":12345678901234567890.10");
	assert_metadata("12345678901234567890.10");
}

/* {"a":{"a":...1...}} */
static const char *nested(int depth, bool back)
{
	struct buf text = {0};
	for (int i = 0; i < depth; i++)
		buf_append_text(&text, back ? "{\"a\": " : "{\"a\":");
	buf_append_text(&text, "1");
	for (int i = 0; i < depth; i++)
		buf_append_text(&text, "}");
	const char *copy = arena_memdup(fixture.arena, text.data, text.length);
	buf_release(&text);
	return copy;
}

static void documents_nest_two_hundred_deep(void **state)
{
	(void)state;
	assert_status(200, "PUT", "/api/media/update/metadata",
		arena_printf(fixture.arena, "[{\"pid\":\"m\",\"data\":%s}]", nested(200, false)));
	assert_changed();
	assert_status(200, "GET", "/api/media/m", NULL);
	assert_in_body(nested(200, true));
	assert_status(413, "PUT", "/api/media/update/metadata",
		arena_printf(fixture.arena, "[{\"pid\":\"m\",\"data\":%s}]", nested(255, false)));
}

static void documents_may_be_a_mebibyte(void **state)
{
	(void)state;
	char *text = memory_alloc((1 << 20) + 1);
	memset(text, 'x', 1 << 20);
	rest.gateway.body_max = 2 << 20;
	assert_status(200, "PUT", "/api/media/update/metadata",
		arena_printf(fixture.arena, "[{\"pid\":\"m\",\"keys\":[\"t\"],\"data\":\"%s\"}]", text));
	assert_changed();
	assert_column("m", "length(metadata ->> 't')", "1048576");
	CHANGE("DELETE", "");
	rest.gateway.body_max = 1 << 20;
	free(text);
}

static void what_cannot_be_held_is_named_by_its_path(void **state)
{
	(void)state;
	assert_status(
		422, "PUT", "/api/media/update/metadata", "[{\"pid\":\"m\",\"data\":{\"a\":[\"\\u0000\"]}}]");
	assert_string_equal(rest_detail(), "[{\"error\":\"a string cannot hold \\\\u0000: /0/data/a/0\"}]");
	assert_status(
		422, "PUT", "/api/media/update/metadata", "[{\"pid\":\"m\",\"data\":{\"a\":\"\\ud800x\"}}]");
	assert_string_equal(
		rest_detail(), "[{\"error\":\"a string cannot hold half a surrogate pair: /0/data/a\"}]");
}

/* --- at once */

enum { CLIENTS = 4, ROUNDS = 50 };

struct client {
	int number;
	int wrong;
};

/* A request of its own, beside the fixture's. */
static const char *client_header(void *context, const char *name)
{
	(void)context;
	return strcasecmp(name, "Authorization") == 0 ? rest.authorization : NULL;
}

struct client_body {
	const char *text;
	size_t sent;
};

static ssize_t client_read(void *context, void *out, size_t size, struct error *err)
{
	(void)err;
	struct client_body *body = context;
	size_t left = strlen(body->text) - body->sent, count = left < size ? left : size;
	memcpy(out, body->text + body->sent, count);
	body->sent += count;
	return (ssize_t)count;
}

static int client_send(const char *text)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	struct client_body body = {text, 0};
	struct request request = {
		.method = "PUT",
		.raw_path = "/api/media/update/metadata",
		.raw_query = "",
		.source = {&body, client_header, client_read, (int64_t)strlen(text), NULL},
	};
	CLEANUP(response_release) struct response response = {0};
	request_begin(&request, arena);
	dispatch(&rest.gateway, &request, &response);
	return response.status == 200 && strstr(response.body.data, "\"failures\":[]") ? 0 : 1;
}

static void *write_members(void *context)
{
	struct client *client = context;
	char text[400];
	for (int i = 0; i < ROUNDS; i++) {
		/* in opposite orders, which would be a deadlock if the rows were locked as they come */
		const char *first = client->number % 2 ? "m" : "n", *second = client->number % 2 ? "n" : "m";
		snprintf(text, sizeof(text),
			"[{\"pid\":\"%s\",\"keys\":[\"o\",\"%d-%d\"],\"data\":1},{\"pid\":\"%s\",\"keys\":["
			"\"o\",\"%d-%d\"],\"data\":1}]",
			first, client->number, i, second, client->number, i);
		client->wrong += client_send(text);
	}
	return NULL;
}

static void clients_writing_at_once_lose_nothing(void **state)
{
	(void)state;
	pthread_t threads[CLIENTS];
	struct client clients[CLIENTS] = {0};
	fixture_media("n");
	set("{}");
	snprintf(rest.authorization, sizeof(rest.authorization), "Bearer %s", rest.admin);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i].number = i;
		pthread_create(&threads[i], NULL, write_members, &clients[i]);
	}
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < CLIENTS; i++)
		assert_int_equal(clients[i].wrong, 0);
	assert_column("m", "(SELECT count(*) FROM jsonb_object_keys(metadata -> 'o'))", "200");
	assert_column("n", "(SELECT count(*) FROM jsonb_object_keys(metadata -> 'o'))", "200");
	assert_column("n", "version", "201");
}

static int create(void **state)
{
	rest_create(state);
	fixture_begin(state);
	fixture_media("m");
	return fixture_end(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rest_test(whole_documents_are_set),
		rest_test(a_value_is_set_at_its_path),
		rest_test(what_is_no_object_stands_in_the_way),
		rest_test(objects_are_merged),
		rest_test(parts_are_removed),
		rest_test(elements_fail_alone_and_apply_in_order),
		rest_test(documents_come_back_exactly),
		rest_test(documents_nest_two_hundred_deep),
		rest_test(documents_may_be_a_mebibyte),
		rest_test(what_cannot_be_held_is_named_by_its_path),
		rest_test(clients_writing_at_once_lose_nothing),
	};
	return cmocka_run_group_tests(tests, create, rest_drop);
}
