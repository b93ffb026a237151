/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_PLACE_H
#define DRIVERS_PLACE_H

/*
 * Where a path store is: its bucket, a path below MEDIASTORE_STORE_ROOT that cannot leave it. Every call
 * resolves it anew, so that what is moved, mounted or made while the worker runs is what is used. Never
 * changed once made: any number of threads use it.
 */

#include "common/error.h"

#include <stdbool.h>

struct place {
	char *tree;   /* MEDIASTORE_STORE_ROOT */
	char *bucket; /* relative to it; "": the tree itself */
};

/* INVALID: a bucket that no path may be. Release it also then. */
MUST_CHECK int place_init(struct place *place, const char *store_root, const char *bucket, struct error *err);
void place_release(struct place *place);
/* Opens the directory that the bucket names; `make`: and makes it when it is missing. The descriptor, or -1:
 * UNAVAILABLE also when it is not there, since a disk that is not mounted is no missing object. */
MUST_CHECK int place_open_directory(const struct place *place, bool make, struct error *err);
/* Opens the directory in which the file lies that the bucket names, as above; *leaf is the file's name. */
MUST_CHECK int place_open_parent(const struct place *place, bool make, const char **leaf, struct error *err);

#endif
