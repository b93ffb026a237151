/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_SPOOL_H
#define DOMAIN_SPOOL_H

/*
 * The directory where uploads wait until a store has them. A file is named by a UUID; while it is being
 * received its name ends in ".part". Whoever needs the bytes gets a ticket for the file on this gateway's
 * internal listener, or, sharing the directory, its path. A file that no job names is swept away when it
 * is older than the grace period. Thread-safe: the object is read-only after creation.
 */

#include "common/error.h"
#include "common/file_id.h"
#include "common/random.h"
#include "common/write_behind.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct spool;
struct spool_room;

struct spool_file {
	char name[RANDOM_UUID_SIZE]; /* "" when there is none */
	int fd;                      /* open while receiving, else -1 */
	int64_t written;             /* bytes */
	int64_t taken;               /* bytes for which there is room */
	struct spool_room *room;     /* the spool's */
	bool for_disk;               /* it will be synced: its bytes go to the disk as they come */
	struct write_behind behind;  /* how far they are */
};

/* Makes the directory if it is missing and checks that it can be written. internal_url and service_key are
 * borrowed. */
MUST_CHECK int spool_create(const char *directory, const char *internal_url, const char *service_key,
	struct spool **out, struct error *err);
void spool_free(struct spool *spool);
/* All files of the directory together, whoever writes them; before the spool is used. 0: any number. */
void spool_set_limit(struct spool *spool, int64_t bytes);

MUST_CHECK int spool_file_create(struct spool *spool, struct spool_file *out, struct error *err);
/* FULL: beyond the limit, or what the file system holds. */
MUST_CHECK int spool_file_write(struct spool_file *file, const void *bytes, size_t length, struct error *err);
/* Everything has been written: the file takes its final name. With `durable` file and name survive a crash
 * of the machine. */
MUST_CHECK int spool_file_finish(
	struct spool *spool, struct spool_file *file, bool durable, struct error *err);

/* --- a file that is received in several turns, by whichever gateway: each holds its lock, which ends with
 * the process */

/* Leaves a file that was just made to later turns; it is there after a crash of the machine. */
MUST_CHECK int spool_file_leave(struct spool *spool, struct spool_file *file, struct error *err);
/* Opens it again and locks it. LOCKED, NOT_FOUND. */
MUST_CHECK int spool_file_lock(
	struct spool *spool, const char *name, struct spool_file *out, struct error *err);
/* What is beyond those bytes never counted: writing goes on there. CONFLICT: there are not as many. */
MUST_CHECK int spool_file_continue(struct spool_file *file, int64_t size, struct error *err);
/* What was written survives a crash of the machine. */
MUST_CHECK int spool_file_sync(struct spool_file *file, struct error *err);
/* As spool_file_finish(), always durable, and it stays open and locked. */
MUST_CHECK int spool_file_name(struct spool *spool, struct spool_file *file, struct error *err);
/* Reads another such file, which nobody writes any more. NOT_FOUND. */
MUST_CHECK int spool_file_read(struct spool *spool, const char *name, int *out_fd, struct error *err);
/* Ends a turn, and the lock with it. Also for CLEANUP(). */
void spool_file_close(struct spool_file *file);

/* Closes and removes; harmless when there is none, or when a worker has taken it. */
void spool_file_discard(struct spool *spool, struct spool_file *file);

/* The state in which a finished file stands (common/file_id.h); "" when nothing can be said. */
void spool_file_state(const struct spool *spool, const char *name, char out[FILE_STATE_SIZE]);

void spool_remove(struct spool *spool, const char *name);
const char *spool_path(const struct spool *spool, struct arena *arena, const char *name);
/* URL of the file with a ticket that is valid until expires_unix_ms. */
const char *spool_ticket_url(
	const struct spool *spool, struct arena *arena, const char *name, int64_t expires_unix_ms);
/* The same for a file of the gateway whose internal URL is `base`. */
const char *spool_ticket_url_at(const struct spool *spool, struct arena *arena, const char *base,
	const char *name, int64_t expires_unix_ms);
/* The base of those URLs, for another gateway to name this one's file. */
const char *spool_url(const struct spool *spool);
/* Opens the file of such a ticket for reading. FORBIDDEN, NOT_FOUND. */
MUST_CHECK int spool_open_ticket(
	const struct spool *spool, const char *ticket, int *out_fd, int64_t *out_size, struct error *err);

struct spool_usage {
	int64_t files, bytes, free_bytes;
};
struct spool_usage spool_usage(struct spool *spool);

/* Calls is_needed(name) for every file not written to for grace_ms and removes those for which it is
 * false. Returns how many were removed. */
int spool_sweep(struct spool *spool, int64_t grace_ms, bool (*is_needed)(void *context, const char *name),
	void *context);

#endif
