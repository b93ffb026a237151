/* SPDX-License-Identifier: MIT */
/* get: few bytes come in the result, many are fetched from this worker with a ticket (bytes.h), or read by a gateway that
 * sees the file. */
#include "jobs/jobs.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/file_id.h"
#include "common/ticket.h"

#include <stdlib.h>
#include <string.h>

enum { TICKET_LIFE_MS = 3600 * 1000, TICKET_LIFE_MIN_MS = 60 * 1000 };

/* How many bytes the job's range is of an object of that size. -1 and RANGE. */
static int64_t range_length(const struct job_message *message, int64_t size, struct error *err)
{
	bool whole = message->range_first == 0 && message->range_last == -1;
	if (!whole && message->range_first >= size)
		return error_set(err, ERROR_RANGE, NULL);
	int64_t end =
		message->range_last == -1 || message->range_last >= size ? size : message->range_last + 1;
	return end - message->range_first;
}

static int put_inline(struct job *job, int64_t length, struct error *err)
{
	struct memory_sink sink;
	memory_sink_init(&sink, (size_t)length);
	int result = store_get(job->store, job->message->key, job->message->range_first,
		job->message->range_last, &sink.base, err);
	if (result == 0) {
		job->result->inline_length = sink.bytes.length;
		job->result->inline_bytes = arena_memdup(job->arena, sink.bytes.data, sink.bytes.length);
	}
	memory_sink_release(&sink);
	if (result != 0 && err->code == ERROR_TOO_LARGE)
		return error_set_cause(err, ERROR_INTERNAL, "the store has more bytes than the object");
	return result;
}

/* What the ticket says is a get job again, whole with its store: the listener needs no memory of it. */
static void put_ticket(struct job *job)
{
	const struct job_message *message = job->message;
	struct job_message claims = {
		.id = message->id,
		.kind = JOB_GET,
		.class = message->class,
		.attempt = message->attempt,
		.request_id = message->request_id,
		.pid = message->pid,
		.store = message->store,
		.key = message->key,
		.size = -1,
		.range_first = message->range_first,
		.range_last = message->range_last,
	};
	int64_t now = clock_unix_ms(), expires = message->deadline_unix_ms;
	if (!expires)
		expires = now + TICKET_LIFE_MS;
	else if (expires < now + TICKET_LIFE_MIN_MS)
		expires = now + TICKET_LIFE_MIN_MS;
	CLEANUP(buf_release) struct buf packed = {0};
	CLEANUP(buf_release) struct buf url = {0};
	job_message_pack(&claims, &packed);
	buf_append_text(&url, job->environment->bytes_url);
	ticket_sign(job->environment->service_key, packed.data, packed.length, expires, &url);
	job->result->url = arena_strdup(job->arena, url.data);
}

static void put_path(struct job *job)
{
	CLEANUP(buf_release) struct buf path = {0};
	char id[FILE_ID_SIZE];
	struct error ignored;
	if (store_locate(job->store, job->message->key, &path, id, &ignored) != 1)
		return;
	job->result->path = arena_strdup(job->arena, path.data);
	job->result->file_id = arena_strdup(job->arena, id);
}

static bool is_few(const struct job_message *message, int64_t length)
{
	return length <= message->inline_max && length <= JOB_INLINE_LIMIT;
}

/* So few bytes, by what the gateway knows, that the store need not be asked how many there are. 1 done, 0 not so. */
static int get_few(struct job *job, struct error *err)
{
	const struct job_message *message = job->message;
	if (message->size < 0)
		return 0;
	int64_t length = range_length(message, message->size, err);
	if (length < 0 || !is_few(message, length))
		return length < 0 ? -1 : 0;
	job->result->size = message->size;
	return put_inline(job, length, err) == 0 ? 1 : -1;
}

int job_get(struct job *job, struct error *err)
{
	struct object_info info;
	int done = get_few(job, err);
	if (done != 0)
		return done < 0 ? -1 : 0;
	if (store_stat(job->store, job->message->key, &info, err) != 0)
		return -1;
	job->result->size = info.size;
	job->result->modified_unix_ms = info.modified_unix_ms;
	int64_t length = range_length(job->message, info.size, err);
	if (length < 0)
		return -1;
	if (is_few(job->message, length))
		return put_inline(job, length, err);
	put_ticket(job);
	put_path(job);
	return 0;
}
