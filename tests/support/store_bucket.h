/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_STORE_BUCKET_H
#define TESTS_SUPPORT_STORE_BUCKET_H

/*
 * BucketStores for tests: on the real server that TEST_S3_* name, or on any URL. Looking into a bucket
 * behind the driver's back goes through tests/support/s3/s3, which shares no code with it.
 */

#include "store/store_driver.h"

#include <stdint.h>

struct buf;

struct s3_server {
	const char *url, *access_key, *secret_key, *region;
};

/* The server of the environment; a missing variable fails the test (or ends the program, outside of one). */
struct s3_server s3_server_from_env(void);

enum { BUCKET_PART_SIZE = 5 << 20, BUCKET_STALL_MS = 10000 };

struct bucket_fixture {
	struct store_environment environment;
	struct store *store;
};

/* Opens a store on a bucket that need not exist, and a HTTP client for it. */
void bucket_fixture_open(struct bucket_fixture *fixture, const struct s3_server *server, const char *bucket,
	int64_t stall_timeout_ms);
void bucket_fixture_close(struct bucket_fixture *fixture);
/* Only opening, for what must be refused: the store goes to *out. */
int bucket_fixture_try(struct bucket_fixture *fixture, const struct store_descriptor *descriptor,
	const char *secret, struct error *err);

/* Runs tests/support/s3/s3 with these arguments (up to a NULL) and appends what it prints to out (NULL:
 * dropped). Returns its exit status. */
int s3_tool(struct buf *out, const char *const *arguments);
#define S3_TOOL(out, ...) s3_tool((out), (const char *const[]){__VA_ARGS__, NULL})

#endif
