/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_ZIPFILE_NAME_H
#define DRIVERS_ZIPFILE_NAME_H

/* Names of zip entries: UTF-8 where a flag says so, else code page 437, of which ASCII is a part. */

#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* Appends the name in UTF-8. What claims to be UTF-8 is taken as it is. */
void zipfile_name_decode(const char *bytes, size_t length, bool utf8, struct buf *out);
bool zipfile_name_is_ascii(const char *name);
/* Whether a new entry may have this name. INVALID: a directory's, or one that programs which unpack the archive
 * would put elsewhere or refuse: a leading slash, an empty segment, "." or "..". */
MUST_CHECK int zipfile_name_check(const char *name, struct error *err);

#endif
