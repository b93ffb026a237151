/* SPDX-License-Identifier: MIT */
#include "live/services/api-gateway/db/fixture.h"

#include "db/identifier_repo.h"
#include "db/s3_config_repo.h"

#include <pthread.h>

static int64_t make_s3(const char *url)
{
	int64_t pk = 0;
	struct s3_config_row row = {.url = url, .access_key = "key", .secret_sealed = "v1.sealed"};
	assert_ok(s3_config_create(fixture.conn, &row, &pk, &fixture.err));
	return pk;
}

static int64_t make_store(const struct store_key *key)
{
	int64_t pk = 0;
	if (store_find_or_create(fixture.conn, key, &pk, &fixture.err) < 0)
		fail_msg("%s (%s)", fixture.err.message, fixture.err.cause);
	return pk;
}

static void same_key_is_the_same_store(void **state)
{
	(void)state;
	int64_t pk = 0;
	struct store_key key = {.type = STORE_DICT, .bucket = "ram"};
	assert_found(store_find_or_create(fixture.conn, &key, &pk, &fixture.err));
	int64_t first = pk;
	assert_int_equal(store_find_or_create(fixture.conn, &key, &pk, &fixture.err), 0);
	assert_true(pk == first);
	key.site = "elsewhere";
	assert_found(store_find_or_create(fixture.conn, &key, &pk, &fixture.err));
	assert_true(pk != first);
}

struct racer {
	pthread_barrier_t *start;
	const char *bucket;
	int64_t pk;
	int outcome;
};

static void *race(void *context)
{
	struct racer *racer = context;
	struct error err;
	CLEANUP(db_release) struct db_conn *conn = db_acquire(fixture.pool, soon(), &err);
	struct store_key key = {.type = STORE_DICT, .bucket = racer->bucket};
	pthread_barrier_wait(racer->start);
	racer->outcome = conn ? store_find_or_create(conn, &key, &racer->pk, &err) : -1;
	return NULL;
}

static void racing_creators_get_one_store(void **state)
{
	(void)state;
	enum { RACERS = 6, ROUNDS = 20 };
	for (int round = 0; round < ROUNDS; round++) {
		const char *bucket = arena_printf(fixture.arena, "race-%d", round);
		pthread_barrier_t start;
		pthread_barrier_init(&start, NULL, RACERS);
		struct racer racers[RACERS];
		pthread_t threads[RACERS];
		int created = 0;
		for (int i = 0; i < RACERS; i++) {
			racers[i] = (struct racer){.start = &start, .bucket = bucket};
			pthread_create(&threads[i], NULL, race, &racers[i]);
		}
		for (int i = 0; i < RACERS; i++) {
			pthread_join(threads[i], NULL);
			assert_in_range(racers[i].outcome, 0, 1);
			assert_true(racers[i].pk == racers[0].pk);
			created += racers[i].outcome;
		}
		assert_int_equal(created, 1);
		pthread_barrier_destroy(&start);
	}
}

static void bucket_store_needs_an_s3_config_and_others_none(void **state)
{
	(void)state;
	int64_t pk, s3 = make_s3("http://s3-a");
	struct store_key bare = {.type = STORE_BUCKET, .bucket = "b"};
	struct store_key odd = {.type = STORE_FILESYSTEM, .bucket = "/b", .s3_config = s3};
	struct store_key unknown = {.type = STORE_BUCKET, .bucket = "b", .s3_config = 999999};
	assert_fails(store_find_or_create(fixture.conn, &bare, &pk, &fixture.err), ERROR_INVALID);
	assert_fails(store_find_or_create(fixture.conn, &odd, &pk, &fixture.err), ERROR_INVALID);
	assert_fails(store_find_or_create(fixture.conn, &unknown, &pk, &fixture.err), ERROR_INVALID);
	assert_string_equal(fixture.err.message, "no such S3 configuration");
}

static void descriptor_holds_what_a_worker_needs(void **state)
{
	(void)state;
	struct store_key key = {.type = STORE_BUCKET, .bucket = "b", .s3_config = make_s3("http://s3-b")};
	struct store_descriptor store;
	assert_found(store_find(fixture.conn, make_store(&key), fixture.arena, &store, &fixture.err));
	assert_int_equal(store.type, STORE_BUCKET);
	assert_string_equal(store.site, "default");
	assert_string_equal(store.s3_url, "http://s3-b");
	assert_string_equal(store.s3_region, "us-east-1");
	assert_string_equal(store.s3_secret_sealed, "v1.sealed");
}

static void store_reply_has_no_secret_and_an_empty_url_without_s3(void **state)
{
	(void)state;
	const char *json;
	struct store_key key = {.type = STORE_BUCKET, .bucket = "c", .s3_config = make_s3("http://s3-c")};
	assert_found(store_read_json(fixture.conn, make_store(&key), fixture.arena, &json, &fixture.err));
	assert_non_null(strstr(json, "\"s3_url\" : \"http://s3-c\""));
	assert_null(strstr(json, "sealed"));
	assert_found(store_read_json(fixture.conn, fixture.store_pk, fixture.arena, &json, &fixture.err));
	assert_non_null(strstr(json, "\"s3_url\" : \"\""));
	assert_int_equal(store_read_json(fixture.conn, 999999, fixture.arena, &json, &fixture.err), 0);
}

static void store_in_use_is_not_deleted(void **state)
{
	(void)state;
	fixture_media("in-the-way");
	assert_fails(store_delete(fixture.conn, fixture.store_pk, &fixture.err), ERROR_CONFLICT);
	assert_non_null(strstr(fixture.err.message, "media"));
}

static void store_with_an_unfinished_job_is_not_deleted(void **state)
{
	(void)state;
	struct store_key key = {.type = STORE_FILESYSTEM, .bucket = "/jobs"};
	int64_t pk = make_store(&key);
	struct job_new job = {.id = fixture_uuid(),
		.kind = JOB_DELETE,
		.class = JOB_BACKGROUND,
		.store_pk = pk,
		.store_key = "k"};
	assert_ok(job_insert(fixture.conn, &job, &fixture.err));
	assert_fails(store_delete(fixture.conn, pk, &fixture.err), ERROR_CONFLICT);
	fixture_ask("UPDATE job SET state = 'succeeded' RETURNING 1");
	assert_found(store_delete(fixture.conn, pk, &fixture.err));
	assert_int_equal(store_delete(fixture.conn, pk, &fixture.err), 0);
}

static void s3_config_in_use_is_not_deleted(void **state)
{
	(void)state;
	int64_t s3 = make_s3("http://s3-d");
	struct store_key key = {.type = STORE_BUCKET, .bucket = "d", .s3_config = s3};
	int64_t store = make_store(&key);
	assert_fails(s3_config_delete(fixture.conn, s3, &fixture.err), ERROR_CONFLICT);
	assert_non_null(strstr(fixture.err.message, "stores use this S3 configuration: "));
	assert_non_null(strstr(fixture.err.message, "(bucket d)"));
	assert_found(store_delete(fixture.conn, store, &fixture.err));
	assert_found(s3_config_delete(fixture.conn, s3, &fixture.err));
	assert_int_equal(s3_config_delete(fixture.conn, s3, &fixture.err), 0);
}

static void s3_url_is_unique_and_keys_stay_inside(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf list = {0};
	int64_t pk, first = make_s3("http://s3-e");
	struct s3_config_row row = {
		.pk = first, .url = "http://s3-e", .access_key = "new", .secret_sealed = "v1.new"};
	assert_fails(s3_config_create(fixture.conn, &row, &pk, &fixture.err), ERROR_CONFLICT);
	assert_found(s3_config_update(fixture.conn, &row, &fixture.err));
	assert_found(s3_config_find_by_url(fixture.conn, "http://s3-e", fixture.arena, &row, &fixture.err));
	assert_string_equal(row.access_key, "new");
	assert_string_equal(row.region, "us-east-1");
	assert_ok(s3_config_list_json(fixture.conn, fixture_collect, &list, &fixture.err));
	assert_non_null(strstr(list.data, "http://s3-e"));
	assert_null(strstr(list.data, "v1."));
}

static void identifier_type_is_found_or_created(void **state)
{
	(void)state;
	struct identifier_type type;
	assert_found(identifier_find_or_create(
		fixture.conn, "doi", "10\\..*", fixture.arena, &type, &fixture.err));
	assert_int_equal(
		identifier_find_or_create(fixture.conn, "doi", NULL, fixture.arena, &type, &fixture.err), 0);
	assert_string_equal(type.pattern, "10\\..*");
	assert_found(identifier_update(fixture.conn, "doi", NULL, &fixture.err));
	assert_found(identifier_find(fixture.conn, "doi", fixture.arena, &type, &fixture.err));
	assert_string_equal(type.pattern, "");
	assert_int_equal(identifier_update(fixture.conn, "none", "", &fixture.err), 0);
}

static void identifier_type_in_use_is_not_deleted(void **state)
{
	(void)state;
	struct identifier_type type;
	assert_found(
		identifier_find_or_create(fixture.conn, "isbn", NULL, fixture.arena, &type, &fixture.err));
	struct media_new media = {.pid = "with-isbn",
		.pid_type = "DEFAULT",
		.store_pk = fixture.store_pk,
		.store_key = "with-isbn",
		.document = "{\"identifiers\": {\"isbn\": \"1\"}}"};
	assert_ok(media_create(fixture.conn, &media, &TESTER, fixture.arena, NULL, NULL, &fixture.err));
	assert_fails(identifier_delete(fixture.conn, "isbn", &fixture.err), ERROR_CONFLICT);
	assert_fails(identifier_delete(fixture.conn, "DEFAULT", &fixture.err), ERROR_CONFLICT);
	struct media_row gone;
	assert_found(media_delete(fixture.conn, "with-isbn", &TESTER, fixture.arena, &gone, &fixture.err));
	assert_found(identifier_delete(fixture.conn, "isbn", &fixture.err));
	assert_int_equal(identifier_delete(fixture.conn, "isbn", &fixture.err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(same_key_is_the_same_store),
		fixture_test(racing_creators_get_one_store),
		fixture_test(bucket_store_needs_an_s3_config_and_others_none),
		fixture_test(descriptor_holds_what_a_worker_needs),
		fixture_test(store_reply_has_no_secret_and_an_empty_url_without_s3),
		fixture_test(store_in_use_is_not_deleted),
		fixture_test(store_with_an_unfinished_job_is_not_deleted),
		fixture_test(s3_config_in_use_is_not_deleted),
		fixture_test(s3_url_is_unique_and_keys_stay_inside),
		fixture_test(identifier_type_is_found_or_created),
		fixture_test(identifier_type_in_use_is_not_deleted),
	};
	return cmocka_run_group_tests_name("db/store_repo", tests, fixture_create, fixture_drop);
}
