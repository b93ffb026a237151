/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_STORE_JOB_FIXTURE_H
#define TESTS_SUPPORT_STORE_JOB_FIXTURE_H

/* What a job runs in: a scratch tree with a FilesystemStore, a DictStore, a spool directory, and everything
 * of struct job_environment. */

#include "jobs/jobs.h"
#include "store/store_driver.h"
#include "support/scratch.h"
#include "support/store_conformance.h"

struct job_fixture {
	char tree[SCRATCH_SIZE], spool[2 * SCRATCH_SIZE];
	struct store_environment stores;
	struct job_environment environment;
	struct store_descriptor files, memory, other;
	struct arena *arena;
};

extern const char JOB_FIXTURE_KEY[]; /* the service key */

/* cmocka setup and teardown; *state is the fixture. */
int job_fixture_setup(void **state);
int job_fixture_teardown(void **state);

/* A job that fits the schema, to be completed. */
struct job_message job_fixture_message(const struct job_fixture *fixture, enum job_kind kind,
	const struct store_descriptor *store, const char *key);
/* Runs it; texts of the result live in the fixture's arena. */
struct result_message job_fixture_run(struct job_fixture *fixture, const struct job_message *message);
/* The hex SHA-256 of pattern bytes, in the fixture's arena. */
const char *job_fixture_sha256(struct job_fixture *fixture, unsigned seed, int64_t size);
/* Pattern bytes as a spool file; its path, in the fixture's arena. */
const char *job_fixture_spool(struct job_fixture *fixture, const char *name, unsigned seed, int64_t size);
/* Opens the store as a job would; give it back with store_cache_release(). */
struct store *job_fixture_open(struct job_fixture *fixture, const struct store_descriptor *descriptor);
/* Puts pattern bytes. */
void job_fixture_fill(struct job_fixture *fixture, const struct store_descriptor *descriptor, const char *key,
	unsigned seed, int64_t size);
/* The object is the pattern; with size -1: there is none. */
void job_fixture_assert(struct job_fixture *fixture, const struct store_descriptor *descriptor,
	const char *key, unsigned seed, int64_t size);

#endif
