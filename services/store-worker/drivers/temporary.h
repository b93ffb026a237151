/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_TEMPORARY_H
#define DRIVERS_TEMPORARY_H

/*
 * Files that are being made, in the directory STORE_TEMPORARY_NAME of a path store's root: on the same file
 * system as what they will become, and out of every key's reach. Whoever makes one holds its flock() until it
 * is done, so what can be locked by another was left behind by a crash; that holds across processes,
 * containers and NFS, where a process id would say nothing.
 */

#include "common/error.h"

#include <stdbool.h>

struct temporary {
	int directory; /* that it lies in */
	int fd;
	bool named; /* still to be unlinked */
	char name[33];
};

/* Opens that directory, made when it is missing. Names in it that begin with a dot are left alone by
 * temporary_clean(): for what must outlive a crash. -1 and errno. */
int temporary_open_area(int root);
/* A new empty file. -1 and errno. */
int temporary_create(struct temporary *temporary, int root);
/* A second name for the regular file at `path` (not followed if a link). 0; -1 and errno: EXDEV, EPERM,
 * EACCES, EMLINK, EOPNOTSUPP when there can be none here. */
int temporary_link(struct temporary *temporary, int root, const char *path);
/* Gives it its final name, replacing what had it. -1 and errno. */
int temporary_rename(struct temporary *temporary, int directory, const char *name);
/* Closes it, and unlinks it when it was not renamed. */
void temporary_release(struct temporary *temporary);
/* Removes what crashed processes left. Errors are left for the next time. */
void temporary_clean(int root);

#endif
