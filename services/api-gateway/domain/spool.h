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
#include "common/random.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct spool;

struct spool_file {
	char name[RANDOM_UUID_SIZE]; /* "" when there is none */
	int fd;                      /* open for writing while receiving, else -1 */
};

/* Makes the directory if it is missing and checks that it can be written. internal_url and service_key are
 * borrowed. */
MUST_CHECK int spool_create(const char *directory, const char *internal_url, const char *service_key,
	struct spool **out, struct error *err);
void spool_free(struct spool *spool);

MUST_CHECK int spool_file_create(struct spool *spool, struct spool_file *out, struct error *err);
MUST_CHECK int spool_file_write(struct spool_file *file, const void *bytes, size_t length, struct error *err);
/* Everything has been written: the file takes its final name. With `durable` file and name survive a crash
 * of the machine. */
MUST_CHECK int spool_file_finish(
	struct spool *spool, struct spool_file *file, bool durable, struct error *err);
/* Closes and removes; harmless when there is none, or when a worker has taken it. */
void spool_file_discard(struct spool *spool, struct spool_file *file);

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
