/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_FILE_ERROR_H
#define DRIVERS_FILE_ERROR_H

/* What errno means for a store that is kept in files. Messages are for clients: they name no path. */

#include "common/error.h"

/* Always returns -1. `operation` is for the log. */
int file_error(struct error *err, int errnum, const char *operation);

#endif
