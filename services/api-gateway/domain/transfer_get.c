/* SPDX-License-Identifier: MIT */
#include "domain/transfer_parts.h"

#include "common/arena.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/http_client.h"
#include "config.h"
#include "domain/local_file.h"
#include "messaging/job_post.h"

#include <fcntl.h>

struct relay {
	const struct transfer_sink *sink;
	int64_t expected;
	bool begun;
};

static int relay_head(void *context, const struct http_reply *reply, struct error *err)
{
	struct relay *relay = context;
	if (http_reply_status(reply) != 200)
		return 0; /* its body says why */
	const char *length = http_reply_header(reply, "Content-Length");
	if (!length || strtoll(length, NULL, 10) != relay->expected)
		return error_set_cause(
			err, ERROR_INTERNAL, "a worker offers another number of bytes than asked for");
	relay->begun = true;
	return relay->sink->begin(relay->sink->context, err);
}

static int relay_write(void *context, const void *bytes, size_t length, struct error *err)
{
	struct relay *relay = context;
	return relay->sink->write(relay->sink->context, bytes, length, err);
}

static int relay_stream(void *context, struct http_stream *stream, struct error *err)
{
	struct relay *relay = context;
	return relay->sink->write_stream(relay->sink->context, stream, err);
}

/* The bytes wait at the worker: pull them through. */
static int pull(struct transfer *transfer, const char *url, struct relay *relay, struct error *err)
{
	struct http_call call = {
		.method = "GET",
		.url = url,
		.head = relay_head,
		.write = relay_write,
		.move = relay->sink->write_stream && relay->expected >= HTTP_MOVE_FROM ? relay_stream : NULL,
		.write_context = relay,
		.stall_timeout_ms = transfer->parts.config->stall_timeout_ms,
	};
	CLEANUP(http_reply_cleanup) struct http_reply *reply = NULL;
	if (http_client_run(transfer->parts.http, &call, &reply, err))
		return -1;
	return http_reply_status(reply) == 200 ? 0 : http_reply_error(reply, err);
}

static int push_inline(const struct result_message *result, const struct relay *relay, struct error *err)
{
	if ((int64_t)result->inline_length != relay->expected)
		return error_set_cause(
			err, ERROR_INTERNAL, "a worker sent another number of bytes than asked for");
	if (relay->sink->begin(relay->sink->context, err))
		return -1;
	return relay->sink->write(relay->sink->context, result->inline_bytes, result->inline_length, err);
}

/* A worker does not find the object of a READY row: unless the row has changed since it was read, the
 * bytes are lost, and the row says so. */
static int mark_lost(struct transfer *transfer, const struct media_row *media, const struct caller *caller,
	struct arena *arena, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(transfer, err);
	if (!conn)
		return -1;
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	struct media_row now;
	if (db_begin(conn, &tx, err))
		return -1;
	int found = media_find_by_pk(conn, media->pk, DB_LOCK, arena, &now, err);
	if (found < 0)
		return -1;
	if (!found || now.version != media->version)
		return error_set(err, ERROR_CONFLICT, "this media has changed meanwhile; read it again");
	struct db_actor nobody = {NULL, caller->actor.request_id};
	if (media_set_status(conn, media->pk, MEDIA_READY, MEDIA_LOST, &nobody, err) < 0 ||
		db_commit(&tx, err))
		return -1;
	return error_set(err, ERROR_CONFLICT, "this media is LOST: its store no longer has the bytes");
}

static int push_file(int fd, int64_t first, struct relay *relay, struct error *err)
{
	relay->begun = true;
	if (relay->sink->begin(relay->sink->context, err))
		return -1;
	posix_fadvise(fd, first, relay->expected, POSIX_FADV_SEQUENTIAL);
	return relay->sink->write_file(relay->sink->context, fd, first, relay->expected, err);
}

static int deliver(struct transfer *transfer, const struct job_message *job,
	const struct result_message *result, struct relay *relay, struct error *err)
{
	if (result->code != ERROR_NONE) {
		error_set(err, result->code, "%s",
			result->message && *result->message ? result->message : "the store failed");
		return result->cause ? error_add_cause(err, "%s", result->cause) : -1;
	}
	if (!result->url)
		return push_inline(result, relay, err);
	CLEANUP(cleanup_fd)
	int fd = relay->sink->write_file
			 ? local_file_open(transfer->parts.config->stores_dir, result->path, result->file_id)
			 : -1;
	return fd >= 0 ? push_file(fd, job->range_first, relay, err)
		       : pull(transfer, result->url, relay, err);
}

int transfer_find_ready(
	struct db_conn *conn, const char *pid, struct arena *arena, struct media_row *out, struct error *err)
{
	if (transfer_find(conn, pid, DB_NO_LOCK, arena, out, err))
		return -1;
	if (out->status == MEDIA_READY)
		return 0;
	return error_set(err, ERROR_CONFLICT, "this media is %s, it has no bytes to give",
		media_status_name(out->status));
}

int transfer_get(struct transfer *transfer, const struct media_row *media, int64_t first, int64_t last,
	const struct transfer_sink *sink, const struct caller *caller, struct arena *arena, struct error *err)
{
	const struct config *config = transfer->parts.config;
	struct relay relay = {.sink = sink, .expected = media->size ? last - first + 1 : 0};
	char id[RANDOM_UUID_SIZE];
	random_uuid(id);
	struct job_message job = {
		.id = id,
		.kind = JOB_GET,
		.class = relay.expected <= config->inline_max ? JOB_QUICK : JOB_STREAM,
		.attempt = 1,
		.request_id = caller->actor.request_id,
		.pid = media->pid,
		.deadline_unix_ms = clock_unix_ms() + config->quick_deadline_ms,
		.store = media->store,
		.key = media->store_key,
		.size = media->size,
		.range_first = media->size ? first : 0,
		.range_last = media->size ? last : -1,
		.inline_max = config->inline_max,
	};
	struct bus_delivery *delivery;
	struct result_message result;
	if (job_post_and_wait(
		    transfer->parts.post, &job, caller->traceparent, arena, &delivery, &result, err))
		return -1;
	int delivered = deliver(transfer, &job, &result, &relay, err);
	bus_delivery_settle(delivery, BUS_ACK);
	if (delivered && err->code == ERROR_NOT_FOUND && !relay.begun)
		return mark_lost(transfer, media, caller, arena, err);
	return delivered;
}
