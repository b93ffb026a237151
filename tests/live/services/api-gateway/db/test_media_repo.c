/* SPDX-License-Identifier: MIT */
#include "live/services/api-gateway/db/fixture.h"

#include "db/history_repo.h"

static int create(const char *pid, const char *document, const char **json)
{
	struct media_new media = {.pid = pid,
		.pid_type = "DEFAULT",
		.store_pk = fixture.store_pk,
		.store_key = pid,
		.content_type = "text/plain",
		.document = document};
	return media_create(fixture.conn, &media, &TESTER, fixture.arena, json, NULL, &fixture.err);
}

static const char *read_json(const char *pid)
{
	const char *json = NULL;
	assert_found(media_read_json(fixture.conn, pid, fixture.arena, &json, &fixture.err));
	return json;
}

static struct media_row find(const char *pid)
{
	struct media_row row;
	assert_found(media_find(fixture.conn, pid, DB_NO_LOCK, fixture.arena, &row, &fixture.err));
	return row;
}

static void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("%s\nlacks %s", text, part);
}

static void document_comes_back_exactly(void **state)
{
	(void)state;
	const char *json;
	assert_ok(create("exact",
		"{\"pid\":\"exact\",\"metadata\":{\"n\":12345678901234567890,\"d\":1.10,\"u\":\"\\u00fc\"},"
		"\"tags\":[\"z\",\"a\",\"z\"],"
		"\"identifiers\":{\"doi\":\"10.1/x\",\"DEFAULT\":\"exact\"}}",
		&json));
	assert_contains(json, "\"n\": 12345678901234567890");
	assert_contains(json, "\"d\": 1.10");
	assert_contains(json, "\"tags\" : [\"z\",\"a\",\"z\"]");
	assert_contains(json, "\"identifiers\" : {\"doi\": \"10.1/x\"}");
	assert_string_equal(read_json("exact"), json);
}

static void reply_has_every_field_of_the_contract(void **state)
{
	(void)state;
	assert_ok(create("fields", NULL, NULL));
	static const char *const fields[] = {"pk", "pid", "pid_type", "mark", "version", "store_config",
		"type", "bucket", "s3_url", "site", "store_key", "store_status", "identifiers", "metadata",
		"tags", "size", "content_type", "checksums", "created", "updated"};
	const char *json = read_json("fields");
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		assert_contains(json, arena_printf(fixture.arena, "\"%s\" : ", fields[i]));
	assert_contains(json, "\"version\" : \"1\"");
	assert_contains(json, "\"metadata\" : {}, \"tags\" : [], \"size\" : null");
	assert_contains(json, "\"checksums\" : {}");
}

static void nulls_in_a_document_are_empty(void **state)
{
	(void)state;
	const char *json;
	assert_ok(create("nulls", "{\"tags\":null,\"metadata\":null,\"identifiers\":null}", &json));
	assert_contains(json, "\"identifiers\" : {}, \"metadata\" : {}, \"tags\" : []");
}

static void taken_pid_is_a_conflict(void **state)
{
	(void)state;
	assert_ok(create("taken", NULL, NULL));
	assert_fails(create("taken", NULL, NULL), ERROR_CONFLICT);
	assert_string_equal(db_error_constraint(fixture.conn), "media_pid_key");
}

static void unknown_pid_type_is_invalid(void **state)
{
	(void)state;
	struct media_new media = {
		.pid = "p", .pid_type = "NOPE", .store_pk = fixture.store_pk, .store_key = "p"};
	assert_fails(media_create(fixture.conn, &media, &TESTER, fixture.arena, NULL, NULL, &fixture.err),
		ERROR_INVALID);
}

static void document_postgres_cannot_hold_is_invalid(void **state)
{
	(void)state;
	assert_fails(create("nul", "{\"metadata\":{\"a\":\"\\u0000\"}}", NULL), ERROR_INVALID);
	assert_fails(create("nul", "{\"metadata\":", NULL), ERROR_INVALID);
	assert_fails(create("", NULL, NULL), ERROR_INVALID);
}

static void unknown_pid_is_not_found(void **state)
{
	(void)state;
	const char *json;
	struct media_row row;
	assert_int_equal(media_read_json(fixture.conn, "nobody", fixture.arena, &json, &fixture.err), 0);
	assert_int_equal(
		media_find(fixture.conn, "nobody", DB_NO_LOCK, fixture.arena, &row, &fixture.err), 0);
	assert_int_equal(media_delete(fixture.conn, "nobody", &TESTER, fixture.arena, &row, &fixture.err), 0);
}

static void row_tells_what_a_transfer_needs(void **state)
{
	(void)state;
	fixture_ready("row");
	struct media_row row = find("row");
	assert_int_equal(row.status, MEDIA_READY);
	assert_int_equal(row.size, 3);
	assert_string_equal(row.sha256, SHA_A);
	assert_string_equal(row.store_key, "row.1");
	assert_int_equal(row.store.type, STORE_FILESYSTEM);
	assert_string_equal(row.store.bucket, "/data");
	assert_int_equal(row.version, 2);
	assert_in_range(clock_unix_ms() - row.created_unix_ms, 0, 60000);
}

static void replaced_bytes_take_the_new_key(void **state)
{
	(void)state;
	int64_t pk = fixture_ready("replace");
	struct media_bytes bytes = {.media_pk = pk,
		.expected_key = "replace.1",
		.store_key = "replace.2",
		.size = 4,
		.sha256 = SHA_B};
	assert_found(media_finish_put(fixture.conn, &bytes, &TESTER, &fixture.err));
	assert_string_equal(find("replace").store_key, "replace.2");
	assert_string_equal(find("replace").sha256, SHA_B);
}

static void second_of_two_replacements_finds_the_key_changed(void **state)
{
	(void)state;
	int64_t pk = fixture_ready("rivals");
	struct media_bytes first = {.media_pk = pk,
		.expected_key = "rivals.1",
		.store_key = "rivals.2",
		.size = 4,
		.sha256 = SHA_B};
	struct media_bytes second = {.media_pk = pk,
		.expected_key = "rivals.1",
		.store_key = "rivals.3",
		.size = 5,
		.sha256 = SHA_A};
	assert_found(media_finish_put(fixture.conn, &first, &TESTER, &fixture.err));
	assert_int_equal(media_finish_put(fixture.conn, &second, &TESTER, &fixture.err), 0);
	assert_string_equal(find("rivals").store_key, "rivals.2");
}

static void taken_over_row_ignores_the_first_put(void **state)
{
	(void)state;
	int64_t pk = fixture_media("overtaken");
	struct media_put begin = {.media_pk = pk, .store_key = "overtaken.2"};
	assert_found(media_begin_put(fixture.conn, &begin, &TESTER, &fixture.err));
	struct media_bytes late = {.media_pk = pk,
		.expected_key = "overtaken.1",
		.store_key = "overtaken.1",
		.size = 1,
		.sha256 = SHA_A};
	assert_int_equal(media_finish_put(fixture.conn, &late, &TESTER, &fixture.err), 0);
	assert_int_equal(media_fail_put(fixture.conn, pk, "overtaken.1", &TESTER, &fixture.err), 0);
	assert_int_equal(find("overtaken").status, MEDIA_PENDING);
}

static void ready_row_is_not_taken_over(void **state)
{
	(void)state;
	struct media_put begin = {.media_pk = fixture_ready("kept"), .store_key = "kept.2"};
	assert_int_equal(media_begin_put(fixture.conn, &begin, &TESTER, &fixture.err), 0);
	struct media_new media = {
		.pid = "kept", .pid_type = "DEFAULT", .store_pk = fixture.store_pk, .store_key = "kept.3"};
	assert_int_equal(
		media_take_over(fixture.conn, &media, &TESTER, fixture.arena, NULL, NULL, &fixture.err), 0);
}

static void failed_row_is_taken_over_with_its_new_document(void **state)
{
	(void)state;
	int64_t pk = fixture_media("again"), taken = 0;
	const char *json;
	assert_found(media_fail_put(fixture.conn, pk, "again.1", &TESTER, &fixture.err));
	assert_int_equal(find("again").status, MEDIA_FAILED);
	struct media_new media = {.pid = "again",
		.pid_type = "DEFAULT",
		.store_pk = fixture.store_pk,
		.store_key = "again.2",
		.document = "{\"tags\":[\"new\"]}"};
	assert_found(
		media_take_over(fixture.conn, &media, &TESTER, fixture.arena, &json, &taken, &fixture.err));
	assert_true(taken == pk);
	assert_contains(json, "\"store_status\" : \"PENDING\"");
	assert_contains(json, "\"tags\" : [\"new\"]");
}

static void status_changes_only_from_the_expected_one(void **state)
{
	(void)state;
	int64_t pk = fixture_ready("status");
	assert_found(media_set_status(fixture.conn, pk, MEDIA_READY, MEDIA_CORRUPT, &TESTER, &fixture.err));
	assert_int_equal(
		media_set_status(fixture.conn, pk, MEDIA_READY, MEDIA_LOST, &TESTER, &fixture.err), 0);
	assert_int_equal(find("status").status, MEDIA_CORRUPT);
}

static void deleted_row_says_where_its_bytes_are(void **state)
{
	(void)state;
	fixture_ready("deleted");
	struct media_row row;
	assert_found(media_delete(fixture.conn, "deleted", &TESTER, fixture.arena, &row, &fixture.err));
	assert_string_equal(row.store_key, "deleted.1");
	assert_int_equal(row.store.type, STORE_FILESYSTEM);
	assert_int_equal(
		media_find(fixture.conn, "deleted", DB_NO_LOCK, fixture.arena, &row, &fixture.err), 0);
}

static int collect(const char *json, size_t length, void *context, struct error *err)
{
	(void)err;
	assert_int_equal(strlen(json), length);
	buf_append_text(context, strstr(json, "\"pid\" : "));
	return 0;
}

static void many_are_read_in_the_order_asked_for(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf out = {0};
	fixture_media("many-a");
	fixture_media("many-b");
	assert_ok(media_read_many(
		fixture.conn, "[\"many-b\",\"unknown\",\"many-a\"]", collect, &out, &fixture.err));
	assert_true(strstr(out.data, "many-b") < strstr(out.data, "many-a"));
	assert_null(strstr(out.data, "unknown"));
}

static int count_rows(const char *json, size_t length, void *context, struct error *err)
{
	(void)json;
	(void)length;
	(void)err;
	++*(int64_t *)context;
	return 0;
}

static void dump_visits_every_media(void **state)
{
	(void)state;
	int64_t visited = 0;
	fixture_media("dumped");
	assert_ok(media_dump(fixture.conn, count_rows, &visited, &fixture.err));
	assert_int_equal(visited, strtoll(fixture_ask("SELECT count(*) FROM media"), NULL, 10));
}

static int64_t ram_media(const char *pid, int64_t store, const char *holder)
{
	int64_t pk = 0;
	struct media_new media = {.pid = pid, .pid_type = "DEFAULT", .store_pk = store, .store_key = pid};
	assert_ok(media_create(fixture.conn, &media, &TESTER, fixture.arena, NULL, &pk, &fixture.err));
	struct media_bytes bytes = {.media_pk = pk,
		.expected_key = pid,
		.store_key = pid,
		.size = 1,
		.sha256 = SHA_A,
		.holder = holder};
	assert_found(media_finish_put(fixture.conn, &bytes, &TESTER, &fixture.err));
	return pk;
}

static void new_holder_makes_the_old_ones_media_lost(void **state)
{
	(void)state;
	int64_t store = 0, lost = 0;
	struct store_key key = {.type = STORE_DICT, .bucket = "ram", .site = "lab"};
	assert_found(store_find_or_create(fixture.conn, &key, &store, &fixture.err));
	ram_media("ram-old", store, "worker-1");
	ram_media("ram-new", store, "worker-2");
	fixture_ready("on-disk");
	assert_ok(media_mark_lost(fixture.conn, "lab", "worker-2", &lost, &fixture.err));
	assert_int_equal(lost, 1);
	assert_int_equal(find("ram-old").status, MEDIA_LOST);
	assert_int_equal(find("ram-new").status, MEDIA_READY);
	assert_int_equal(find("on-disk").status, MEDIA_READY);
}

static void history_has_every_change_with_its_author(void **state)
{
	(void)state;
	const char *json;
	struct media_row row;
	fixture_ready("history");
	assert_found(media_delete(fixture.conn, "history", &TESTER, fixture.arena, &row, &fixture.err));
	assert_ok(history_list_json(fixture.conn, "history", 0, 10, fixture.arena, &json, &fixture.err));
	const char *inserted = strstr(json, "\"insert\""), *updated = strstr(json, "\"update\""),
		   *deleted = strstr(json, "\"delete\"");
	assert_true(inserted && updated && deleted && inserted < updated && updated < deleted);
	assert_contains(json, "\"actor\" : \"tester\", \"request_id\" : \"request-1\"");
}

static void holder_alone_is_no_change(void **state)
{
	(void)state;
	fixture_ready("same");
	fixture_ask("UPDATE media SET holder = 'x' WHERE pid = 'same' RETURNING 1");
	assert_int_equal(find("same").version, 2);
	assert_string_equal(fixture_ask("SELECT count(*) FROM media_history WHERE pid = 'same'"), "2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(document_comes_back_exactly),
		fixture_test(reply_has_every_field_of_the_contract),
		fixture_test(nulls_in_a_document_are_empty),
		fixture_test(taken_pid_is_a_conflict),
		fixture_test(unknown_pid_type_is_invalid),
		fixture_test(document_postgres_cannot_hold_is_invalid),
		fixture_test(unknown_pid_is_not_found),
		fixture_test(row_tells_what_a_transfer_needs),
		fixture_test(replaced_bytes_take_the_new_key),
		fixture_test(second_of_two_replacements_finds_the_key_changed),
		fixture_test(taken_over_row_ignores_the_first_put),
		fixture_test(ready_row_is_not_taken_over),
		fixture_test(failed_row_is_taken_over_with_its_new_document),
		fixture_test(status_changes_only_from_the_expected_one),
		fixture_test(deleted_row_says_where_its_bytes_are),
		fixture_test(many_are_read_in_the_order_asked_for),
		fixture_test(dump_visits_every_media),
		fixture_test(new_holder_makes_the_old_ones_media_lost),
		fixture_test(history_has_every_change_with_its_author),
		fixture_test(holder_alone_is_no_change),
	};
	return cmocka_run_group_tests_name("db/media_repo", tests, fixture_create, fixture_drop);
}
