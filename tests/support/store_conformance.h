/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_STORE_CONFORMANCE_H
#define TESTS_SUPPORT_STORE_CONFORMANCE_H

/*
 * The one suite that every driver passes: the promises of store/store.h, its cases chosen by the driver's
 *capabilities. A test program of a driver opens an empty store of its own, fills a fixture and runs the
 *suite, then its own tests:
 *
 *	struct store_fixture fixture = {.name = "filesystem", .store = store, .leftovers = count_temporaries};
 *	int failures = store_conformance_run(&fixture);
 *
 * The suite calls only store_put() ... store_list(), so the keys and sizes a driver sees are checked as in
 *production. It removes what it puts, where the driver can.
 */

#include "store/store.h"

#include <stddef.h>
#include <stdint.h>

struct store_fixture {
	const char *name;    /* of the driver, shown with each failure */
	struct store *store; /* open and empty; stays the caller's */
	/* How many temporaries (files, unfinished multipart uploads, bytes nobody names) lie in the store;
	 * the suite expects 0 after every failed put. NULL: the driver cannot tell. */
	int (*leftovers)(struct store_fixture *fixture);
	void *context; /* for leftovers() */
	/* Sizes around which the driver behaves differently (a part size, a chunk size): tested at size - 1,
	 * size, size + 1 beside the common ones. Ends with 0; NULL: none. */
	const int64_t *edges;
	int threads; /* for the concurrent cases; 0: 4 */
	int rounds;  /* of each thread; 0: 20. Lower it for a slow server */
	int many;    /* objects in the store at once; 0: 10,000 */
};

/* Runs the suite as a cmocka group. Returns the number of failed tests. */
int store_conformance_run(struct store_fixture *fixture);
/* The case with thousands of objects, by itself: where each put waits for a disk it takes a minute, so path
 * stores are given one in memory for it (scratch_make_in_memory()). */
int store_conformance_run_many(struct store_fixture *fixture);

/* --- for a driver's own tests */

/* Bytes that depend on position and seed: byte i of an object, so that any mix-up of positions or objects
 * shows. */
unsigned char pattern_byte(unsigned seed, int64_t position);

/* A source of `size` pattern bytes that announces `announced` of them and fails with SOURCE_FAILED instead of
 * delivering byte `fail_at` (-1: never). */
struct pattern_source {
	struct source base;
	unsigned seed;
	int64_t size, at, fail_at;
	size_t piece; /* bytes per read at most; 0: as asked */
	int rewinds;  /* how often it was rewound */
};
void pattern_source_init(struct pattern_source *source, unsigned seed, int64_t size);

/* A sink that checks that it gets the pattern from `at` on, and fails with CANCELLED instead of taking byte
 * `fail_at` (-1: never). */
struct pattern_sink {
	struct sink base;
	unsigned seed;
	int64_t at, count, fail_at;
	int wrong; /* a byte differed */
};
void pattern_sink_init(struct pattern_sink *sink, unsigned seed, int64_t first);

/* Asserts (cmocka) that the object is exactly `size` bytes of the pattern, by get and by stat. */
void assert_object(struct store *store, const char *key, unsigned seed, int64_t size);
/* Asserts that neither get nor stat sees the key. */
void assert_no_object(struct store *store, const char *key);

#endif
