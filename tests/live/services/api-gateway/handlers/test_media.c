/* SPDX-License-Identifier: MIT */
#include "live/services/api-gateway/handlers/media.h"

static void a_media_is_read_with_its_version_as_etag(void **state)
{
	(void)state;
	assert_status(200, "POST", "/api/media", MEDIA("etag", ""));
	assert_string_equal(rest_header("ETag"), "\"1\"");
	assert_status(200, "GET", "/api/media/etag", NULL);
	assert_string_equal(rest_header("ETag"), "\"1\"");
	assert_status(204, "PATCH", "/api/media/etag", "{\"new_pid\":\"etag2\"}");
	assert_status(200, "GET", "/api/media/etag2", NULL);
	assert_string_equal(rest_header("ETag"), "\"2\"");
	rest.if_none_match = "\"2\"";
	assert_status(304, "GET", "/api/media/etag2", NULL);
	assert_int_equal(rest.response.body.length, 0);
}

static void pids_that_are_words_of_the_api_are_reached_by_query(void **state)
{
	(void)state;
	assert_status(200, "POST", "/api/media", MEDIA("dump", ""));
	assert_status(200, "GET", "/api/media?pid=dump", NULL);
	assert_string_equal(rest_text("pid"), "dump");
	assert_status(204, "PATCH", "/api/media?pid=dump", "{\"new_pid\":\"update/tags\"}");
	assert_status(200, "GET", "/api/media/update%2Ftags", NULL);
	assert_status(204, "DELETE", "/api/media?pid=update%2Ftags", NULL);
	assert_status(404, "GET", "/api/media?pid=dump", NULL);
	assert_status(422, "GET", "/api/media", NULL);
	assert_string_equal(rest_detail(),
		"[{\"type\":\"missing\",\"loc\":[\"query\",\"pid\"],\"msg\":\"Field required\"}]");
}

static void patch_changes_pid_type_and_store(void **state)
{
	(void)state;
	assert_status(200, "POST", "/api/identifier", "{\"name\":\"digits\",\"pattern\":\"[0-9]+\"}");
	assert_status(200, "POST", "/api/media", MEDIA("patched", ",\"identifiers\":{\"digits\":\"42\"}"));
	assert_status(422, "PATCH", "/api/media/patched", "{\"pid_type\":\"digits\"}");
	assert_string_equal(rest_detail(),
		"[{\"error\":\"pid_type does not match the pattern of identifier type digits\"}]");
	assert_status(422, "PATCH", "/api/media/patched", "{\"pid_type\":\"digits\",\"new_pid\":\"43\"}");
	assert_string_equal(
		rest_detail(), "[{\"error\":\"duplicate pid_type in identifiers DO NOT MATCH: 42 != 43\"}]");
	assert_status(204, "PATCH", "/api/media/patched",
		"{\"pid_type\":\"digits\",\"new_pid\":\"42\",\"store_config\":{\"type\":\"DictStore\","
		"\"bucket\":\"r\"}}");
	assert_column("42", "identifiers", "{}");
	assert_column("42", "(SELECT type FROM store s WHERE s.pk = media.store)", "DictStore");
	assert_status(204, "PATCH", "/api/media/42",
		arena_printf(fixture.arena, "{\"store_config\":\"%lld\",\"new_pid\":null}",
			(long long)fixture.store_pk));
	assert_column("42", "store", arena_printf(fixture.arena, "%lld", (long long)fixture.store_pk));
	assert_status(204, "DELETE", "/api/media/42", NULL);
}

static void patch_of_what_is_wrong_is_refused(void **state)
{
	(void)state;
	assert_status(404, "PATCH", "/api/media/nobody", "{\"new_pid\":\"x\"}");
	assert_status(200, "POST", "/api/media", MEDIA("right", ""));
	assert_status(200, "POST", "/api/media", MEDIA("other", ""));
	assert_status(409, "PATCH", "/api/media/right", "{\"new_pid\":\"other\"}");
	assert_string_equal(rest_detail(), "\"a media with this pid exists already\"");
	assert_status(422, "PATCH", "/api/media/right", "{\"pid_type\":\"nothing\"}");
	assert_string_equal(rest_detail(), "[{\"error\":\"bad pid_type: nothing\"}]");
	assert_status(422, "PATCH", "/api/media/right", "{\"store_config\":\"x\"}");
	assert_status(422, "PATCH", "/api/media/right", "{\"store_config\":424242}");
	assert_status(422, "PATCH", "/api/media/right", "{\"store_config\":1.5}");
	assert_status(422, "PATCH", "/api/media/right", "{\"new_pid\":\"\"}");
	assert_non_null(strstr(rest_detail(), "\"loc\":[\"body\",\"media\",\"new_pid\"]"));
	assert_column("right", "version", "1");
}

static void changes_of_one_look_at_if_match(void **state)
{
	(void)state;
	assert_status(200, "POST", "/api/media", MEDIA("matched", ""));
	rest.if_match = "\"7\"";
	assert_status(412, "PATCH", "/api/media/matched", "{\"new_pid\":\"m\"}");
	rest.if_match = "W/\"1\"";
	assert_status(412, "DELETE", "/api/media/matched", NULL);
	rest.if_match = "\"0\", \"1\"";
	assert_status(204, "PATCH", "/api/media/matched", "{\"new_pid\":\"matched2\"}");
	rest.if_match = "*";
	assert_status(204, "DELETE", "/api/media/matched2", NULL);
}

static void deleting_queues_the_bytes_for_removal(void **state)
{
	(void)state;
	assert_status(200, "POST", "/api/media", MEDIA("gone", ""));
	assert_status(204, "DELETE", "/api/media/gone", NULL);
	assert_string_equal(
		fixture_ask("SELECT count(*) FROM job WHERE kind = 'delete' AND pid = 'gone'"), "1");
	assert_string_equal(
		fixture_ask("SELECT actor FROM media_history WHERE pid = 'gone' AND op = 'delete'"), "admin");
	assert_status(404, "DELETE", "/api/media/gone", NULL);
}

#define ARCHIVED(pid)                                                                                        \
	"{\"pid\":\"" pid                                                                                    \
	"\",\"pid_type\":\"DEFAULT\",\"store_config\":{\"type\":\"ZipStore\",\"bucket\":\"/a.zip\"}}"

static void what_an_archive_holds_is_neither_deleted_nor_replaced(void **state)
{
	(void)state;
	assert_status(200, "POST", "/api/media", ARCHIVED("archived"));
	fixture_ask("UPDATE media SET store_status = 'READY', size = 1, sha256 = repeat('0', 64)"
		    " WHERE pid = 'archived' RETURNING 1");
	assert_status(409, "DELETE", "/api/media/archived", NULL);
	assert_string_equal(rest_detail(), "\"the bytes cannot be removed: a ZipStore deletes nothing\"");
	assert_status(200, "POST", "/api/media", MEDIA("beside", ""));
	assert_status(200, "POST", "/api/media/delete", "[\"archived\",\"beside\",\"archived\",\"nobody\"]");
	assert_in_body(
		"{\"successes\":[\"beside\"],\"failures\":[{\"pid\":\"archived\",\"error\":\"conflict\",");
	assert_in_body("{\"pid\":\"nobody\",\"error\":\"not_found\",");
	assert_string_equal(
		fixture_ask("SELECT count(*) FROM job WHERE kind = 'delete' AND pid = 'archived'"), "0");
	assert_status(200, "POST", "/api/media", ARCHIVED("not yet"));
	assert_status(204, "DELETE", "/api/media/not%20yet", NULL);
}

static void an_upload_under_way_keeps_its_place(void **state)
{
	(void)state;
	assert_status(200, "POST", "/api/media", MEDIA("busy", ""));
	fixture_ask("INSERT INTO job (id, kind, class, state, media) SELECT gen_random_uuid(), 'put', "
		    "'quick', 'running', pk"
		    " FROM media WHERE pid = 'busy' RETURNING 1");
	assert_status(409, "PATCH", "/api/media/busy",
		"{\"store_config\":{\"type\":\"DictStore\",\"bucket\":\"r\"}}");
	assert_string_equal(rest_detail(), "\"an upload of this media is under way\"");
	assert_status(204, "PATCH", "/api/media/busy", "{\"new_pid\":\"busy2\"}");
}

static void readers_change_nothing(void **state)
{
	(void)state;
	rest.token = rest.reader;
	assert_status(403, "PATCH", "/api/media/x", "{}");
	assert_status(403, "DELETE", "/api/media?pid=x", NULL);
	assert_status(403, "PUT", "/api/media/update/metadata", "[]");
	assert_status(403, "POST", "/api/media/create", "[]");
	assert_status(200, "POST", "/api/media/read", "[]");
	assert_body("[]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rest_test(a_media_is_read_with_its_version_as_etag),
		rest_test(pids_that_are_words_of_the_api_are_reached_by_query),
		rest_test(patch_changes_pid_type_and_store),
		rest_test(patch_of_what_is_wrong_is_refused),
		rest_test(changes_of_one_look_at_if_match),
		rest_test(deleting_queues_the_bytes_for_removal),
		rest_test(what_an_archive_holds_is_neither_deleted_nor_replaced),
		rest_test(an_upload_under_way_keeps_its_place),
		rest_test(readers_change_nothing),
	};
	return cmocka_run_group_tests(tests, rest_create, rest_drop);
}
