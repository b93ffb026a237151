/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_LOCAL_FILE_H
#define DOMAIN_LOCAL_FILE_H

/* An object's file as a worker has named it, where this gateway sees the very same one: then its bytes need no way through
 * the worker. */

/* Open for reading; -1 when `root` (MEDIASTORE_STORES_DIR) is NULL, when there is no such regular file below it, or
 * when it is not the one that `id` (file_id.h) tells of. NULL path or id: -1. */
int local_file_open(const char *root, const char *path, const char *id);

#endif
