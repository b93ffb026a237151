/* SPDX-License-Identifier: MIT */
#include "support/store_job_fixture.h"

#include "common/arena.h"
#include "common/digest.h"
#include "common/http_client.h"
#include "common/memory.h"
#include "store/cache.h"
#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

const char JOB_FIXTURE_KEY[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

int job_fixture_setup(void **state)
{
	static const struct http_client_options HTTP = {.connect_timeout_ms = 2000, .user_agent = "test"};
	struct job_fixture *fixture = memory_alloc(sizeof(*fixture));
	scratch_make(fixture->tree);
	snprintf(fixture->spool, sizeof(fixture->spool), "%s/spool", fixture->tree);
	assert_int_equal(mkdir(fixture->spool, 0700), 0);
	fixture->arena = arena_create();
	fixture->stores = (struct store_environment){.store_root = fixture->tree,
		.ram_limit = 8 * 1024 * 1024,
		.stall_timeout_ms = 2000,
		.http = http_client_create(&HTTP)};
	fixture->environment = (struct job_environment){.stores = store_cache_create(&fixture->stores),
		.http = fixture->stores.http,
		.worker = "test",
		.holder = "11111111-2222-4333-8444-555555555555",
		.spool_dir = fixture->spool,
		.bytes_url = "http://127.0.0.1:1/internal/bytes/",
		.service_key = JOB_FIXTURE_KEY,
		.stall_timeout_ms = 2000};
	fixture->files = (struct store_descriptor){
		.pk = 1, .type = STORE_FILESYSTEM, .bucket = "files", .site = "default"};
	fixture->memory = (struct store_descriptor){
		.pk = 2, .type = STORE_DICT, .bucket = fixture->tree, .site = "default"};
	fixture->other = (struct store_descriptor){
		.pk = 3, .type = STORE_FILESYSTEM, .bucket = "other", .site = "default"};
	*state = fixture;
	return 0;
}

/* DictStores live as long as the process and share one limit. */
static int forget(void *context, const char *key, const struct object_info *info)
{
	struct error err;
	(void)info;
	return store_remove(context, key, &err);
}

int job_fixture_teardown(void **state)
{
	struct job_fixture *fixture = *state;
	struct error err;
	struct store *memory = job_fixture_open(fixture, &fixture->memory);
	assert_int_equal(store_list(memory, "", forget, memory, &err), 0);
	store_cache_release(fixture->environment.stores, memory);
	store_cache_free(fixture->environment.stores);
	http_client_free(fixture->stores.http);
	arena_free(fixture->arena);
	scratch_remove(fixture->tree);
	free(fixture);
	return 0;
}

struct job_message job_fixture_message(const struct job_fixture *fixture, enum job_kind kind,
	const struct store_descriptor *store, const char *key)
{
	(void)fixture;
	return (struct job_message){.id = "aaaaaaaa-0000-4000-8000-000000000001",
		.kind = kind,
		.class = JOB_QUICK,
		.attempt = 1,
		.request_id = "request",
		.pid = "pid",
		.store = *store,
		.key = key,
		.size = -1,
		.range_last = -1,
		.inline_max = 1000};
}

struct result_message job_fixture_run(struct job_fixture *fixture, const struct job_message *message)
{
	struct result_message result;
	struct job job = {.environment = &fixture->environment, .arena = fixture->arena, .message = message};
	jobs_run(&job, &result);
	assert_string_equal(result.job_id, message->id);
	assert_int_equal(result.kind, message->kind);
	return result;
}

const char *job_fixture_sha256(struct job_fixture *fixture, unsigned seed, int64_t size)
{
	struct digest *digest = digest_create(DIGEST_SHA256);
	for (int64_t i = 0; i < size; i++) {
		unsigned char byte = pattern_byte(seed, i);
		digest_update(digest, &byte, 1);
	}
	char hex[DIGEST_HEX_SIZE];
	digest_finish_hex(digest, hex);
	digest_free(digest);
	return arena_strdup(fixture->arena, hex);
}

const char *job_fixture_spool(struct job_fixture *fixture, const char *name, unsigned seed, int64_t size)
{
	const char *path = arena_printf(fixture->arena, "%s/%s", fixture->spool, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	for (int64_t i = 0; i < size; i++)
		fputc(pattern_byte(seed, i), file);
	assert_int_equal(fclose(file), 0);
	return path;
}

struct store *job_fixture_open(struct job_fixture *fixture, const struct store_descriptor *descriptor)
{
	struct error err;
	struct store *store;
	assert_int_equal(store_cache_acquire(fixture->environment.stores, descriptor, &store, &err), 0);
	return store;
}

void job_fixture_fill(struct job_fixture *fixture, const struct store_descriptor *descriptor, const char *key,
	unsigned seed, int64_t size)
{
	struct error err;
	struct pattern_source source;
	struct store *store = job_fixture_open(fixture, descriptor);
	pattern_source_init(&source, seed, size);
	assert_int_equal(store_put(store, key, &source.base, NULL, &err), 0);
	store_cache_release(fixture->environment.stores, store);
}

void job_fixture_assert(struct job_fixture *fixture, const struct store_descriptor *descriptor,
	const char *key, unsigned seed, int64_t size)
{
	struct store *store = job_fixture_open(fixture, descriptor);
	if (size < 0)
		assert_no_object(store, key);
	else
		assert_object(store, key, seed, size);
	store_cache_release(fixture->environment.stores, store);
}
