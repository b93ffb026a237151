/* SPDX-License-Identifier: MIT */
#include "live/services/api-gateway/handlers/rest.h"

/* What has an ETag without a version of its own, and the changes that look at If-Match. */
static const struct versioned {
	const char *create_path, *create_body; /* answers with the pk, if it is named by that */
	const char *path;                      /* of its reads; NULL: its pk under this: */
	const char *pk_path;
	const char *change_method, *change_path, *change_body; /* change_path NULL: `path` */
} ALL[] = {
	{"/api/identifier", "{\"name\":\"V\",\"pattern\":\"a\"}", "/api/identifier/V", NULL, "PUT",
		"/api/identifier", "{\"name\":\"V\",\"pattern\":\"b\"}"},
	{"/api/s3cfg", "{\"url\":\"http://s3-v\",\"access_key\":\"k\",\"secret_key\":\"s\"}", NULL,
		"/api/s3cfg", "PUT", NULL,
		"{\"url\":\"http://s3-v\",\"access_key\":\"k2\",\"secret_key\":\"s2\"}"},
	{"/api/users", "{\"name\":\"v\",\"password\":\"long enough\",\"role\":\"reader\"}", "/api/users/v",
		NULL, "PATCH", NULL, "{\"role\":\"writer\"}"},
	{"/api/store", "{\"type\":\"DictStore\",\"bucket\":\"versions\"}", NULL, "/api/store", NULL, NULL,
		NULL},
};

static const char *create(const struct versioned *one)
{
	assert_status(200, "POST", one->create_path, one->create_body);
	if (one->path)
		return one->path;
	int pk = (int)cJSON_GetNumberValue(cJSON_GetObjectItem(rest.reply, "pk"));
	return arena_printf(fixture.arena, "%s/%d", one->pk_path, pk);
}

static const char *read_tag(const char *path)
{
	assert_status(200, "GET", path, NULL);
	assert_non_null(rest_header("ETag"));
	return arena_strdup(fixture.arena, rest_header("ETag"));
}

static void send_if(const char *if_match, int status, const char *method, const char *path, const char *body)
{
	rest.if_match = if_match;
	assert_status(status, method, path, body);
}

/* Back with the ETag after the change. */
static const char *change(const struct versioned *one, const char *path, const char *before)
{
	const char *target = one->change_path ? one->change_path : path;
	int done = strcmp(one->change_method, "PATCH") == 0 ? 200 : 204;
	send_if("\"another\"", 412, one->change_method, target, one->change_body);
	assert_string_equal(read_tag(path), before);
	send_if(before, done, one->change_method, target, one->change_body);
	const char *after = read_tag(path);
	assert_string_not_equal(after, before);
	send_if(before, 412, one->change_method, target, one->change_body);
	return after;
}

static void changes_look_at_if_match(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ALL) / sizeof(ALL[0]); i++) {
		const struct versioned *one = &ALL[i];
		const char *path = create(one), *tag = read_tag(path);
		if (one->change_method)
			tag = change(one, path, tag);
		send_if("\"another\"", 412, "DELETE", path, NULL);
		send_if(arena_printf(fixture.arena, "\"another\", %s", tag), 204, "DELETE", path, NULL);
	}
}

static void what_is_not_there_is_404_whatever_if_match_says(void **state)
{
	(void)state;
	send_if("\"1\"", 404, "DELETE", "/api/identifier/nothing", NULL);
	send_if("*", 404, "DELETE", "/api/store/1000000", NULL);
	send_if("*", 404, "DELETE", "/api/users/nobody", NULL);
}

static void a_read_with_the_tag_is_304(void **state)
{
	(void)state;
	const char *path = create(&ALL[3]), *tag = read_tag(path);
	rest.if_none_match = tag;
	assert_status(304, "GET", path, NULL);
	assert_string_equal(rest_header("ETag"), tag);
}

/* Who reads a store is told where its S3 server is. */
static void the_tag_of_a_store_changes_with_its_s3_server(void **state)
{
	(void)state;
	assert_status(200, "POST", "/api/s3cfg",
		"{\"url\":\"http://s3-w\",\"access_key\":\"k\",\"secret_key\":\"s\"}");
	int s3 = (int)cJSON_GetNumberValue(cJSON_GetObjectItem(rest.reply, "pk"));
	assert_status(200, "POST", "/api/store",
		"{\"type\":\"BucketStore\",\"bucket\":\"w\",\"s3_url\":\"http://s3-w\"}");
	int pk = (int)cJSON_GetNumberValue(cJSON_GetObjectItem(rest.reply, "pk"));
	const char *path = arena_printf(fixture.arena, "/api/store/%d", pk), *before = read_tag(path);
	assert_status(204, "PUT", arena_printf(fixture.arena, "/api/s3cfg/%d", s3),
		"{\"url\":\"http://s3-x\",\"access_key\":\"k\",\"secret_key\":\"s\"}");
	assert_string_not_equal(read_tag(path), before);
}

/* There is one such event, and it names the admin. */
static void assert_told_of(const char *what)
{
	const char *count = fixture_ask(arena_printf(fixture.arena,
		"SELECT count(*) FILTER (WHERE body ->> 'actor' = 'admin') || ' of ' || count(*) FROM outbox"
		" WHERE what = '%s' AND body::text LIKE '%%who did it%%'",
		what));
	if (strcmp(count, "1 of 1") != 0)
		fail_msg("%s: %s", what, count);
}

static void events_say_who_did_it(void **state)
{
	(void)state;
	assert_status(200, "POST", "/api/store", "{\"type\":\"DictStore\",\"bucket\":\"who did it\"}");
	const char *store = arena_printf(fixture.arena, "/api/store/%d", (int)rest_int("pk"));
	assert_told_of("store.created");
	assert_status(204, "DELETE", store, NULL);
	assert_told_of("store.deleted");
	assert_status(200, "POST", "/api/identifier", "{\"name\":\"who did it\",\"pattern\":\"a\"}");
	assert_told_of("identifier.created");
	assert_status(204, "PUT", "/api/identifier", "{\"name\":\"who did it\",\"pattern\":\"b\"}");
	assert_told_of("identifier.updated");
	assert_status(204, "DELETE", "/api/identifier/who%20did%20it", NULL);
	assert_told_of("identifier.deleted");
}

/* However a media's body or query names it. */
static void a_store_that_is_made_on_the_way_says_by_whom(void **state)
{
	(void)state;
	fixture_ask("WITH d AS (DELETE FROM outbox WHERE what = 'store.created' RETURNING 1) SELECT count(*) "
		    "FROM d");
#define MADE(pid)                                                                                            \
	"{\"pid\":\"" pid "\",\"pid_type\":\"DEFAULT\",\"store_config\":{\"type\":\"DictStore\","            \
	"\"bucket\":\"on the way " pid "\"}}"
	assert_status(200, "POST", "/api/media", MADE("one"));
	assert_status(200, "POST", "/api/media/create", "[" MADE("two") "," MADE("three") "]");
#undef MADE
	assert_status(200, "PATCH", "/api/media/update",
		"{\"pids\":[\"one\"],\"medias\":[{\"store_config\":{\"type\":\"DictStore\","
		"\"bucket\":\"on the way four\"}}]}");
	assert_string_equal(
		fixture_ask(
			"SELECT string_agg(body ->> 'actor', ' ') FROM outbox WHERE what = 'store.created'"),
		"admin admin admin admin");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rest_test(changes_look_at_if_match),
		rest_test(a_store_that_is_made_on_the_way_says_by_whom),
		rest_test(what_is_not_there_is_404_whatever_if_match_says),
		rest_test(a_read_with_the_tag_is_304),
		rest_test(the_tag_of_a_store_changes_with_its_s3_server),
		rest_test(events_say_who_did_it),
	};
	return cmocka_run_group_tests_name("handlers/versions", tests, rest_create, rest_drop);
}
