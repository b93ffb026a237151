/* SPDX-License-Identifier: MIT */
/* One step of an upload whose parts a client sends to the store itself. */
#include "jobs/jobs.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "store/multipart.h"

#include <inttypes.h>

static int begin(struct job *job, struct error *err)
{
	const struct job_message *message = job->message;
	CLEANUP(buf_release) struct buf id = {0};
	if (store_multipart_begin(job->store, message->key, message->content_type, &id, err))
		return -1;
	job->result->upload_id = arena_strdup(job->arena, id.data);
	return 0;
}

static int describe(void *context, const struct store_part *part, struct error *err)
{
	(void)err;
	struct buf *out = context;
	buf_printf(out, "%s{\"number\":%d,\"size\":%" PRId64 ",\"etag\":", out->length > 1 ? "," : "",
		part->number, part->size);
	buf_append_json_string(out, part->etag);
	buf_append_text(out, "}");
	return 0;
}

static int list(struct job *job, struct error *err)
{
	const struct job_message *message = job->message;
	CLEANUP(buf_release) struct buf out = {0};
	buf_append_text(&out, "[");
	if (store_multipart_list(job->store, message->key, message->multipart.upload_id, describe, &out, err))
		return -1;
	buf_append_text(&out, "]");
	job->result->inline_length = out.length;
	job->result->inline_bytes = arena_memdup(job->arena, out.data, out.length);
	return 0;
}

static int complete(struct job *job, struct error *err)
{
	const struct job_message *message = job->message;
	return store_multipart_complete(
		job->store, message->key, message->multipart.upload_id, message->size, err);
}

static int abort_upload(struct job *job, struct error *err)
{
	const char *id = job->message->multipart.upload_id;
	return store_multipart_abort(job->store, job->message->key, *id ? id : NULL, err);
}

int job_multipart(struct job *job, struct error *err)
{
	static int (*const STEPS[])(struct job * job, struct error * err) = {
		[STEP_BEGIN] = begin,
		[STEP_LIST] = list,
		[STEP_COMPLETE] = complete,
		[STEP_ABORT] = abort_upload,
	};
	return STEPS[job->message->multipart.step](job, err);
}
