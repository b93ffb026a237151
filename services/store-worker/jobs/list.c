/* SPDX-License-Identifier: MIT */
/*
 * list: a page of a store's objects, each read and hashed where that is asked for, no faster than the job allows.
 * A page ends early when it has lasted: whoever asks goes on where it ended.
 */
#include "jobs/jobs.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/digest.h"
#include "store/page.h"

#include <inttypes.h>
#include <string.h>

enum {
	LIMIT_MAX = 5000,
	PAGE_LASTS_MS = 5 * 1000,
	PAGE_BYTES = 1024 * 1024, /* of JSON */
	NAP_MS = 500,             /* at most, so that a cancelled job ends soon */
};

/* How much has passed since the page began, and how much may have. */
struct pace {
	const struct job *job;
	int64_t begun_ms, bytes, objects;
};

static int64_t due_ms(int64_t passed, int64_t per_second)
{
	return per_second ? passed * 1000 / per_second : 0;
}

static int keep_pace(const struct pace *pace, struct error *err)
{
	const struct job_page *page = &pace->job->message->page;
	int64_t bytes_ms = due_ms(pace->bytes, page->bytes_per_second);
	int64_t objects_ms = due_ms(pace->objects, page->objects_per_second);
	int64_t until = pace->begun_ms + (bytes_ms > objects_ms ? bytes_ms : objects_ms);
	for (int64_t left; (left = until - clock_monotonic_ms()) > 0;) {
		if (pace->job->watch && pace->job->watch->cancelled)
			return error_set(err, ERROR_CANCELLED, "the job was cancelled");
		clock_sleep_ms(left < NAP_MS ? left : NAP_MS);
	}
	return 0;
}

struct paced_sink {
	struct sink base;
	struct hashing_sink hashing;
	struct pace *pace;
};

static int paced_write(struct sink *base, const void *bytes, size_t length, struct error *err)
{
	struct paced_sink *sink = (struct paced_sink *)base;
	sink->pace->bytes += (int64_t)length;
	return sink->hashing.base.write(&sink->hashing.base, bytes, length, err) ? -1
										 : keep_pace(sink->pace, err);
}

/* The checksum, or the code of what keeps it from being told. -1: the job itself cannot go on. */
static int hash(struct pace *pace, const char *key, struct buf *out, struct error *err)
{
	struct paced_sink sink = {.base = {paced_write, NULL}, .pace = pace};
	char hex[DIGEST_HEX_SIZE];
	hashing_sink_init(&sink.hashing, pace->job->message->deadline_unix_ms);
	sink.hashing.watch = pace->job->watch;
	int result = store_get(pace->job->store, key, 0, -1, &sink.base, err);
	if (result == 0) {
		hashing_sink_finish(&sink.hashing, hex);
		buf_printf(out, ",\"sha256\":\"%s\"", hex);
	}
	hashing_sink_release(&sink.hashing);
	if (result == 0)
		return 0;
	if (err->code == ERROR_CANCELLED || err->code == ERROR_UNAVAILABLE || err->code == ERROR_DEADLINE)
		return -1;
	buf_printf(out, ",\"code\":\"%s\"", error_wire_name(err->code));
	return 0;
}

static int describe(
	struct pace *pace, const struct store_page_entry *entry, struct buf *out, struct error *err)
{
	buf_append_text(out, out->length > 1 ? ",{\"key\":" : "{\"key\":");
	buf_append_json_string(out, entry->key);
	buf_printf(out, ",\"size\":%" PRId64 ",\"modified\":%" PRId64, entry->info.size,
		entry->info.modified_unix_ms);
	pace->objects++;
	if (pace->job->message->page.hash && (hash(pace, entry->key, out, err) || keep_pace(pace, err)))
		return -1;
	buf_append_text(out, "}");
	return 0;
}

static bool is_enough(const struct pace *pace, const struct buf *out)
{
	return out->length > PAGE_BYTES || clock_monotonic_ms() - pace->begun_ms > PAGE_LASTS_MS;
}

static int describe_all(struct job *job, const struct store_page *page, struct buf *out, struct error *err)
{
	struct pace pace = {.job = job, .begun_ms = clock_monotonic_ms()};
	size_t count = 0;
	buf_append_text(out, "[");
	while (count < page->count && !(count && is_enough(&pace, out)))
		if (describe(&pace, &page->items[count++], out, err))
			return -1;
	buf_append_text(out, "]");
	if (count < page->count || page->more)
		job->result->next = arena_strdup(job->arena, page->items[count - 1].key);
	return 0;
}

int job_list(struct job *job, struct error *err)
{
	const struct job_page *wanted = &job->message->page;
	CLEANUP(store_page_release) struct store_page page = {0};
	CLEANUP(buf_release) struct buf out = {0};
	int64_t limit = wanted->limit > 0 && wanted->limit < LIMIT_MAX ? wanted->limit : LIMIT_MAX;
	if (store_page(job->store, wanted->after, (size_t)limit, &page, err) ||
		describe_all(job, &page, &out, err))
		return -1;
	job->result->inline_length = out.length;
	job->result->inline_bytes = arena_memdup(job->arena, out.data, out.length);
	return 0;
}
