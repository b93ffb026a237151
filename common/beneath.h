/* SPDX-License-Identifier: MIT */
#ifndef COMMON_BENEATH_H
#define COMMON_BENEATH_H

/*
 * Paths that stay below a directory, whatever they say and whatever symbolic links stand on their way: every
 * resolution is the kernel's own, with openat2(RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS). Paths are relative,
 * of segments between single slashes. Functions return -1 and leave the reason in errno; EXDEV or ELOOP:
 * the path leads out.
 */

#include <stdbool.h>
#include <sys/types.h>

enum { BENEATH_PATH_MAX = 1024 };

/* As openat(), close-on-exec. "" is the directory itself. */
int beneath_open(int directory, const char *path, int flags, mode_t mode);
/* Makes every missing directory of the path and syncs those it made entries in. Safe to race with itself;
 * ENOENT when beneath_prune() took one away again in the meantime. */
int beneath_make(int directory, const char *path);
/* Opens the directory that the last segment of `path` lies in, made first where asked; *leaf points to that
 * segment. */
int beneath_parent(int directory, const char *path, bool make, const char **leaf);
/* Removes the directories on the way to `path`, from the deepest, until one is not empty. */
void beneath_prune(int directory, const char *path);

#endif
