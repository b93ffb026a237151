/* SPDX-License-Identifier: MIT */
/* The tables are schemas/amqp/job.json and result.json for C; a test compares them. */
#include "schemas/job_message.h"

#include "schemas/message_table.h"

#include <string.h>

/* --- names */

static const char *const STORE_TYPES[] = {
	[STORE_BUCKET] = "BucketStore",
	[STORE_FILESYSTEM] = "FilesystemStore",
	[STORE_HASHDIR] = "HashdirStore",
	[STORE_SQLITE] = "SqliteStore",
	[STORE_ZIP] = "ZipStore",
	[STORE_DICT] = "DictStore",
};
static const char *const KINDS[] = {
	[JOB_PUT] = "put",
	[JOB_GET] = "get",
	[JOB_STAT] = "stat",
	[JOB_DELETE] = "delete",
	[JOB_COPY] = "copy",
	[JOB_VERIFY] = "verify",
	[JOB_LIST] = "list",
	[JOB_MOVE] = "move",
	[JOB_AUDIT] = "audit",
	[JOB_MULTIPART] = "multipart",
	[JOB_DELIVER] = "deliver",
	[JOB_HOLD] = "hold",
};
static const char *const CLASSES[] = {
	[JOB_QUICK] = "quick",
	[JOB_STREAM] = "stream",
	[JOB_BACKGROUND] = "background",
};
static const char *const STEPS[] = {
	[STEP_BEGIN] = "begin",
	[STEP_LIST] = "list",
	[STEP_COMPLETE] = "complete",
	[STEP_ABORT] = "abort",
};
enum { STEP_COUNT = sizeof(STEPS) / sizeof(STEPS[0]) };
enum { KIND_COUNT = sizeof(KINDS) / sizeof(KINDS[0]), CLASS_COUNT = sizeof(CLASSES) / sizeof(CLASSES[0]) };

static int find_name(const char *const *names, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

const char *store_type_name(enum store_type type)
{
	return STORE_TYPES[type];
}

bool store_type_replaces(enum store_type type)
{
	return type != STORE_ZIP;
}

bool store_type_deletes(enum store_type type)
{
	return type != STORE_ZIP;
}

int store_type_from_name(const char *name)
{
	return find_name(STORE_TYPES, STORE_TYPE_COUNT, name);
}

const char *job_kind_name(enum job_kind kind)
{
	return KINDS[kind];
}

const char *job_class_name(enum job_class class)
{
	return CLASSES[class];
}

static const char *store_type_to(int type)
{
	return STORE_TYPES[type];
}

static int kind_from(const char *name)
{
	return find_name(KINDS, KIND_COUNT, name);
}

static const char *kind_to(int kind)
{
	return KINDS[kind];
}

static int class_from(const char *name)
{
	return find_name(CLASSES, CLASS_COUNT, name);
}

static const char *class_to(int class)
{
	return CLASSES[class];
}

static int step_from(const char *name)
{
	return find_name(STEPS, STEP_COUNT, name);
}

static const char *step_to(int step)
{
	return STEPS[step];
}

static int code_from(const char *name)
{
	return (int)error_code_from_wire(name); /* a newer worker's code is INTERNAL here */
}

static const char *code_to(int code)
{
	return error_wire_name((enum error_code)code);
}

static const struct message_names STORE_TYPE_NAMES = {store_type_from_name, store_type_to};
static const struct message_names KIND_NAMES = {kind_from, kind_to};
static const struct message_names CLASS_NAMES = {class_from, class_to};
static const struct message_names STEP_NAMES = {step_from, step_to};
static const struct message_names CODE_NAMES = {code_from, code_to};

/* --- tables */

#define FIELD(kind_, type, member, ...)                                                                      \
	{                                                                                                    \
		.name = #member, .kind = MESSAGE_##kind_, .offset = offsetof(type, member), __VA_ARGS__      \
	}
#define REQUIRED .required = true

static const struct message_field STORE[] = {
	FIELD(INTEGER, struct store_descriptor, pk, REQUIRED),
	FIELD(NAME, struct store_descriptor, type, REQUIRED, .names = &STORE_TYPE_NAMES),
	FIELD(TEXT, struct store_descriptor, bucket, REQUIRED),
	FIELD(TEXT, struct store_descriptor, site, REQUIRED),
	FIELD(TEXT, struct store_descriptor, s3_url),
	FIELD(TEXT, struct store_descriptor, s3_region),
	FIELD(TEXT, struct store_descriptor, s3_access_key),
	FIELD(TEXT, struct store_descriptor, s3_secret_sealed),
	{.name = NULL},
};

static const struct message_field SOURCE[] = {
	{.name = "inline",
		.kind = MESSAGE_BYTES,
		.offset = offsetof(struct job_source, inline_bytes),
		.length_offset = offsetof(struct job_source, inline_length)},
	FIELD(TEXT, struct job_source, path),
	FIELD(TEXT, struct job_source, compared),
	{.name = "blocks",
		.kind = MESSAGE_BYTES,
		.offset = offsetof(struct job_source, blocks),
		.length_offset = offsetof(struct job_source, blocks_length)},
	FIELD(TEXT, struct job_source, url),
	FIELD(TEXT, struct job_source, fetch),
	{.name = NULL},
};

static const struct message_field PAGE[] = {
	FIELD(TEXT, struct job_page, after),
	FIELD(INTEGER, struct job_page, limit),
	FIELD(FLAG, struct job_page, hash),
	FIELD(INTEGER, struct job_page, bytes_per_second),
	FIELD(INTEGER, struct job_page, objects_per_second),
	{.name = NULL},
};

static const struct message_field MULTIPART[] = {
	FIELD(NAME, struct job_multipart, step, REQUIRED, .names = &STEP_NAMES),
	FIELD(TEXT, struct job_multipart, upload_id),
	{.name = NULL},
};

static const struct message_field WEBHOOK[] = {
	FIELD(TEXT, struct job_webhook, url),
	FIELD(TEXT, struct job_webhook, message_id),
	FIELD(TEXT, struct job_webhook, seal_id),
	FIELD(TEXT, struct job_webhook, secret_sealed),
	FIELD(TEXT, struct job_webhook, old_secret_sealed),
	{.name = NULL},
};

static const struct message_field JOB[] = {
	FIELD(TEXT, struct job_message, id, REQUIRED),
	FIELD(NAME, struct job_message, kind, REQUIRED, .names = &KIND_NAMES),
	FIELD(NAME, struct job_message, class, REQUIRED, .names = &CLASS_NAMES),
	FIELD(INTEGER, struct job_message, attempt, REQUIRED, .minimum = 1),
	FIELD(TEXT, struct job_message, request_id),
	FIELD(TEXT, struct job_message, pid),
	FIELD(INTEGER, struct job_message, deadline_unix_ms),
	FIELD(GROUP, struct job_message, store, .group = STORE),
	FIELD(TEXT, struct job_message, key),
	FIELD(INTEGER, struct job_message, size, .minimum = -1, .absent = -1),
	FIELD(TEXT, struct job_message, sha256),
	FIELD(TEXT, struct job_message, content_type),
	FIELD(GROUP, struct job_message, source, .group = SOURCE),
	FIELD(INTEGER, struct job_message, range_first),
	FIELD(INTEGER, struct job_message, range_last, .minimum = -1, .absent = -1),
	FIELD(INTEGER, struct job_message, inline_max),
	FIELD(GROUP, struct job_message, to, .group = STORE),
	FIELD(TEXT, struct job_message, to_key),
	FIELD(GROUP, struct job_message, page, .group = PAGE),
	FIELD(GROUP, struct job_message, multipart, .group = MULTIPART),
	FIELD(GROUP, struct job_message, webhook, .group = WEBHOOK),
	{.name = NULL},
};

static const struct message_field RESULT[] = {
	FIELD(TEXT, struct result_message, job_id),
	FIELD(NAME, struct result_message, kind, REQUIRED, .names = &KIND_NAMES),
	FIELD(INTEGER, struct result_message, attempt),
	FIELD(TEXT, struct result_message, worker),
	FIELD(NAME, struct result_message, code, REQUIRED, .names = &CODE_NAMES),
	FIELD(FLAG, struct result_message, retryable),
	FIELD(PROSE, struct result_message, message),
	FIELD(PROSE, struct result_message, cause),
	FIELD(INTEGER, struct result_message, size, .minimum = -1, .absent = -1),
	FIELD(TEXT, struct result_message, sha256),
	{.name = "inline",
		.kind = MESSAGE_BYTES,
		.offset = offsetof(struct result_message, inline_bytes),
		.length_offset = offsetof(struct result_message, inline_length)},
	FIELD(TEXT, struct result_message, upload_id),
	FIELD(TEXT, struct result_message, next),
	FIELD(TEXT, struct result_message, url),
	FIELD(TEXT, struct result_message, path),
	FIELD(TEXT, struct result_message, file_id),
	FIELD(INTEGER, struct result_message, modified_unix_ms, .minimum = INT64_MIN),
	FIELD(TEXT, struct result_message, holder),
	FIELD(TEXT, struct result_message, site),
	FIELD(FLAG, struct result_message, anew),
	FIELD(INTEGER, struct result_message, status),
	FIELD(PROSE, struct result_message, answer),
	FIELD(INTEGER, struct result_message, elapsed_ms),
	{.name = NULL},
};

/* --- what a kind needs beyond the table */

#define ONLY(kind)   (1U << (kind))
#define EXCEPT(kind) (~(1U << (kind)))

struct need {
	unsigned kinds; /* a bit for each */
	size_t offset;  /* of a pointer that must be set */
	const char *name;
};

static const struct need JOB_NEEDS[] = {
	{EXCEPT(JOB_DELIVER), offsetof(struct job_message, store.bucket), "store"},
	{EXCEPT(JOB_LIST) & EXCEPT(JOB_HOLD) & EXCEPT(JOB_DELIVER), offsetof(struct job_message, key), "key"},
	{ONLY(JOB_COPY), offsetof(struct job_message, to.bucket), "to"},
	{ONLY(JOB_COPY), offsetof(struct job_message, to_key), "to_key"},
	{ONLY(JOB_LIST), offsetof(struct job_message, page.after), "page"},
	{ONLY(JOB_MULTIPART), offsetof(struct job_message, multipart.upload_id), "multipart"},
	{ONLY(JOB_DELIVER), offsetof(struct job_message, webhook.url), "webhook.url"},
	{ONLY(JOB_DELIVER), offsetof(struct job_message, webhook.message_id), "webhook.message_id"},
	{ONLY(JOB_DELIVER), offsetof(struct job_message, webhook.seal_id), "webhook.seal_id"},
	{ONLY(JOB_DELIVER), offsetof(struct job_message, webhook.secret_sealed), "webhook.secret_sealed"},
	{ONLY(JOB_DELIVER), offsetof(struct job_message, source.inline_bytes), "source.inline"},
	{0, 0, NULL},
};
static const struct need RESULT_NEEDS[] = {
	{EXCEPT(JOB_HOLD), offsetof(struct result_message, job_id), "job_id"},
	{ONLY(JOB_HOLD), offsetof(struct result_message, holder), "holder"},
	{ONLY(JOB_HOLD), offsetof(struct result_message, site), "site"},
	{0, 0, NULL},
};
static const struct need BUCKET_NEEDS[] = {
	{ONLY(STORE_BUCKET), offsetof(struct store_descriptor, s3_url), "s3_url"},
	{ONLY(STORE_BUCKET), offsetof(struct store_descriptor, s3_access_key), "s3_access_key"},
	{ONLY(STORE_BUCKET), offsetof(struct store_descriptor, s3_secret_sealed), "s3_secret_sealed"},
	{0, 0, NULL},
};

static int check_needs(const struct need *needs, unsigned kind, const void *object, struct error *err)
{
	for (; needs->name; needs++) {
		const char *const *pointer =
			(const char *const *)(const void *)((const char *)object + needs->offset);
		if ((needs->kinds >> kind & 1) && !*pointer)
			return error_set(err, ERROR_INVALID, "%s: missing", needs->name);
	}
	return 0;
}

static int check_job(const struct job_message *job, struct error *err)
{
	const struct job_source *source = &job->source;
	bool by_reference = source->path || source->url || source->fetch;
	if (check_needs(JOB_NEEDS, job->kind, job, err))
		return -1;
	if (job->store.bucket && check_needs(BUCKET_NEEDS, job->store.type, &job->store, err))
		return error_prefix(err, "store.");
	if (job->to.bucket && check_needs(BUCKET_NEEDS, job->to.type, &job->to, err))
		return error_prefix(err, "to.");
	if (job->kind == JOB_PUT && (source->inline_bytes != NULL) == by_reference)
		return error_set(err, ERROR_INVALID, "source: either inline, or path and url expected");
	if (job->range_last >= 0 && job->range_last < job->range_first)
		return error_set(err, ERROR_INVALID, "range_last: before range_first");
	return 0;
}

/* --- the messages */

void job_message_pack(const struct job_message *job, struct buf *out)
{
	message_table_pack(JOB, job, out);
}

int job_message_unpack(
	const void *bytes, size_t length, struct arena *arena, struct job_message *out, struct error *err)
{
	struct job_message job = {0};
	if (message_table_unpack(JOB, bytes, length, arena, &job, err) || check_job(&job, err))
		return error_prefix(err, "job: ");
	*out = job;
	return 0;
}

void result_message_pack(const struct result_message *result, struct buf *out)
{
	message_table_pack(RESULT, result, out);
}

int result_message_unpack(
	const void *bytes, size_t length, struct arena *arena, struct result_message *out, struct error *err)
{
	struct result_message result = {0};
	if (message_table_unpack(RESULT, bytes, length, arena, &result, err) ||
		check_needs(RESULT_NEEDS, result.kind, &result, err))
		return error_prefix(err, "result: ");
	*out = result;
	return 0;
}
