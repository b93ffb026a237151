/* SPDX-License-Identifier: MIT */
/*
 * put: the bytes are hashed as they pass and compared before the last of them reaches the store, so that a
 * wrong object never becomes visible; a file that is only renamed is read for that, unless the gateway has done so since
 * it was written. Afterwards the store is asked again: for the bytes themselves where they are few enough, unless its own
 * checksum is the right one; else for their number.
 */
#include "jobs/jobs.h"

#include "common/arena.h"
#include "common/beneath.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/digest.h"
#include "common/file_id.h"
#include "common/url_list.h"
#include "jobs/http_source.h"
#include "store/key.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* Whichever the job's bytes come from. */
struct put_source {
	struct memory_source memory;
	struct file_source file;
	struct http_source http;
	struct source *chosen;
};

static void put_source_release(struct put_source *source)
{
	if (source->chosen == &source->file.base)
		file_source_release(&source->file);
	if (source->chosen == &source->http.pulled.base)
		http_source_release(&source->http);
	source->chosen = NULL;
}

/* A path counts only below the directory that both services share, and only when nothing in it leads
 * elsewhere. */
static bool is_spool_path(const struct job *job, const char *path)
{
	struct error ignored;
	const char *spool = job->environment->spool_dir;
	size_t length = spool ? strlen(spool) : 0;
	while (length && spool[length - 1] == '/')
		length--;
	return length && path && strncmp(path, spool, length) == 0 && path[length] == '/' &&
	       key_check_path(path + length + 1, &ignored) == 0;
}

static int open_url(const struct job *job, struct put_source *source, struct error *err)
{
	const struct job_message *message = job->message;
	if (!message->source.url)
		return error_set(
			err, ERROR_SOURCE_FAILED, "this worker cannot reach the source of the bytes");
	http_source_init(&source->http, job->environment->http, message->source.url, message->size,
		job->environment->stall_timeout_ms, message->deadline_unix_ms);
	source->chosen = &source->http.pulled.base;
	return 0;
}

/* In a directory that the settings list, and by no symbolic link out of it. */
static int open_file(const struct job *job, struct put_source *source, struct error *err)
{
	CLEANUP(buf_release) struct buf root = {0}, path = {0};
	url_list_file(job->environment->sources, job->message->source.fetch, &root, &path);
	CLEANUP(cleanup_fd)
	int directory = open(root.data ? root.data : "", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = directory < 0
			 ? -1
			 : beneath_open(directory, path.data ? path.data : "", O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0 && (errno == EXDEV || errno == ELOOP))
		return error_set(err, ERROR_FORBIDDEN, "the source leads out of its directory");
	if (fd < 0)
		return error_set(err, ERROR_INVALID, "the source cannot be read: %s", strerror(errno));
	if (file_source_adopt(&source->file, fd, err) != 0)
		return error_set(err, ERROR_INVALID, "the source is not a regular file");
	source->chosen = &source->file.base;
	if (source->chosen->size > job->environment->source_max)
		return error_set(err, ERROR_TOO_LARGE, "the source has more than %" PRId64 " bytes",
			job->environment->source_max);
	return 0;
}

/* Somebody else's URL. */
static int open_fetch(const struct job *job, struct put_source *source, struct error *err)
{
	const struct job_environment *environment = job->environment;
	const struct job_message *message = job->message;
	enum url_scheme scheme;
	if (url_list_check(environment->sources, message->source.fetch, &scheme, err) != 0)
		return error_prefix(err, "source: ");
	if (scheme == URL_FILE)
		return open_file(job, source, err);
	bool is_s3 = scheme == URL_S3; /* presigned by a gateway, for a server that it knows */
	if (is_s3 && !message->source.url)
		return error_set(err, ERROR_INVALID, "source: an s3 URL that is not presigned");
	http_source_init(&source->http, is_s3 ? environment->http : environment->strangers,
		is_s3 ? message->source.url : message->source.fetch, -1, environment->stall_timeout_ms,
		message->deadline_unix_ms);
	http_source_distrust(&source->http, environment->source_max);
	source->chosen = &source->http.pulled.base;
	return 0;
}

/* The file is as the gateway left it when it had read it back. */
static bool is_settled(const struct job *job, int fd)
{
	const struct job_message *message = job->message;
	char state[FILE_STATE_SIZE];
	struct stat status;
	if (!message->source.compared || !message->sha256 || fstat(fd, &status) != 0)
		return false;
	file_state_print(&status, state);
	return *state && strcmp(state, message->source.compared) == 0 && status.st_size == message->size;
}

/* As many sums as the file has blocks. */
static bool has_blocks(const struct job_message *message)
{
	uint64_t size = message->size > 0 ? (uint64_t)message->size : 0;
	return message->source.blocks && message->sha256 &&
	       message->source.blocks_length ==
		       (size + JOB_BLOCK_SIZE - 1) / JOB_BLOCK_SIZE * JOB_BLOCK_SUM_SIZE;
}

static int put_source_open(const struct job *job, struct put_source *source, struct error *err)
{
	const struct job_source *from = &job->message->source;
	if (from->inline_bytes) {
		memory_source_init(&source->memory, from->inline_bytes, from->inline_length);
		source->chosen = &source->memory.base;
	} else if (from->fetch) {
		if (open_fetch(job, source, err) != 0)
			return -1;
	} else if (is_spool_path(job, from->path) && file_source_open(&source->file, from->path, err) == 0) {
		source->chosen = &source->file.base;
	} else if (open_url(job, source, err) != 0) {
		return -1;
	}
	if (job->message->size >= 0)
		source->chosen->size = job->message->size;
	if (source->chosen == &source->file.base && from->path) {
		source->file.base.settled = is_settled(job, source->file.fd);
		source->file.base.blocks = has_blocks(job->message) ? from->blocks : NULL;
	}
	return 0;
}

static int check_stored(struct job *job, int64_t size, struct error *err)
{
	struct object_info info;
	if (store_stat(job->store, job->message->key, &info, err) != 0)
		return error_prefix(err, "after the put: ");
	if (info.size != size)
		return error_set_cause(err, ERROR_INTERNAL, "put %" PRId64 " bytes, the store has %" PRId64,
			size, info.size);
	job->result->size = info.size;
	job->result->modified_unix_ms = info.modified_unix_ms;
	return 0;
}

/* `sha256`: of what was to be put. What the store gives back instead of it is no object of ours. */
static int read_back(struct job *job, const char *sha256, struct error *err)
{
	struct job_message const *message = job->message;
	struct error removal;
	if (job_hash_object(job, job->store, message->key, &job->result->sha256, &job->result->size, err) !=
		0)
		return error_prefix(err, "after the put: ");
	if (strcasecmp(sha256, job->result->sha256) == 0)
		return 0;
	error_set(err, ERROR_CHECKSUM, "the store gives other bytes back than were put");
	if (store_remove(job->store, message->key, &removal) != 0)
		error_add_cause(err, "and they stay: %s", removal.message);
	return -1;
}

/* `vouched`: the store has answered with the MD5 of what was put, which is no chance. */
static int check(struct job *job, int64_t size, const char *sha256, bool vouched, struct error *err)
{
	if (size > job->environment->read_back_max)
		return check_stored(job, size, err);
	if (!vouched)
		return read_back(job, sha256, err);
	job->result->size = size;
	return 0;
}

static bool asks_for_receipt(const struct job *job, const struct source *source)
{
	return job->message->store.type == STORE_BUCKET && source->size >= 0 &&
	       source->size <= job->environment->read_back_max;
}

static int put(struct job *job, struct put_source *source, struct error *err)
{
	const struct job_message *message = job->message;
	struct hashing_source hashing;
	char md5[DIGEST_HEX_SIZE] = "", receipt[33] = "";
	CLEANUP(digest_cleanup)
	struct digest *also = asks_for_receipt(job, source->chosen) ? digest_create(DIGEST_MD5) : NULL;
	hashing_source_init(&hashing, source->chosen, message->sha256, message->deadline_unix_ms);
	hashing.watch = job->watch;
	hashing.also = also;
	hashing.base.receipt = also ? receipt : NULL;
	int result = store_put(job->store, message->key, &hashing.base, message->content_type, err);
	if (result == 0 && also)
		digest_finish_hex(also, md5);
	if (result == 0)
		result =
			check(job, hashing.count, hashing.sha256, *md5 && strcasecmp(md5, receipt) == 0, err);
	if (result == 0)
		job->result->sha256 = arena_strdup(job->arena, hashing.sha256);
	hashing_source_release(&hashing);
	return result;
}

static int put_from_source(struct job *job, struct error *err)
{
	CLEANUP(put_source_release) struct put_source source = {0};
	if (put_source_open(job, &source, err) != 0)
		return -1;
	job_end_leftovers(job, job->store, job->message->key);
	return put(job, &source, err);
}

/* An earlier run may have put them and not lived to say so: a source that was renamed into its place is gone. */
static bool is_there_already(struct job *job)
{
	const struct job_message *message = job->message;
	struct object_info info;
	struct error ignored;
	return message->sha256 && store_stat(job->store, message->key, &info, &ignored) == 0 &&
	       info.size == message->size &&
	       job_hash_object(job, job->store, message->key, &job->result->sha256, &job->result->size,
		       &ignored) == 0 &&
	       strcasecmp(message->sha256, job->result->sha256) == 0;
}

int job_put(struct job *job, struct error *err)
{
	if (put_from_source(job, err) == 0)
		return 0;
	if (err->code == ERROR_SOURCE_FAILED && job_is_repeated(job) && is_there_already(job))
		return 0;
	job->result->sha256 = NULL;
	job->result->size = -1;
	return -1;
}
