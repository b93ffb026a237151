/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_STORE_PLACE_H
#define TESTS_SUPPORT_STORE_PLACE_H

/*
 * A path store in a tree of its own, and ways to make its world fail: a full disk, a limit on files, system
 * calls that fail, and death at any system call. What needs them runs in a child, which opens the store for
 * itself (an open database does not survive fork()). Making a small disk needs root.
 */

#include "store/store_driver.h"
#include "support/scratch.h"

#include <stdbool.h>
#include <unistd.h>

struct store_place {
	char tree[SCRATCH_SIZE]; /* MEDIASTORE_STORE_ROOT */
	const struct store_driver *driver;
	const char *bucket;
	struct store_environment environment; /* may be changed before store_place_again() */
	struct store *store;
};

enum { STORE_PLACE_PATH_SIZE = SCRATCH_SIZE + 256 };

/* A new tree with the open, empty store. */
void store_place_open(struct store_place *place, const struct store_driver *driver, const char *bucket);
void store_place_open_in_memory(
	struct store_place *place, const struct store_driver *driver, const char *bucket);
void store_place_close(struct store_place *place);
/* The same store once more; the caller closes it. */
MUST_CHECK int store_place_again(const struct store_place *place, struct store **out, struct error *err);
/* A path below the tree. */
const char *store_place_path(
	const struct store_place *place, const char *below, char out[STORE_PLACE_PATH_SIZE]);
/* How many files lie in the directory of unfinished objects of the bucket's directory (`directory` below the
 * tree). */
int store_place_temporaries(const struct store_place *place, const char *directory);
/* Runs a Python program with the tree as its first argument: the independent writer and reader. */
void store_place_python(const struct store_place *place, const char *program);

MUST_CHECK int store_put_pattern(
	struct store *store, const char *key, unsigned seed, int64_t size, struct error *err);

/* --- in a child */

/* In the child: ends it with the line that failed. */
#define CHECK(condition)                                                                                     \
	do {                                                                                                 \
		if (!(condition))                                                                            \
			_exit(__LINE__ % 250 + 1);                                                           \
	} while (0)

/* run(place) must end with _exit(0). */
void store_place_in_child(struct store_place *place, void (*run)(struct store_place *place));
/* The tree is from now on a file system of that size ("1m"), empty. Only in a child. */
void store_place_on_small_disk(struct store_place *place, const char *size);
/* The system call fails with errnum from now on. Only in a child. */
void store_place_fail_calls(int call, int errnum);
/* Runs it, and kills it before the n-th (from 0) system call that changes a file. False: it ended before
 * that, with success. */
bool store_place_kill_at_call(struct store_place *place, void (*run)(struct store_place *place), int n);

#endif
