/* SPDX-License-Identifier: MIT */
#ifndef APP_H
#define APP_H

/* The running worker: builds every part in order, and takes it down in the other. */

#include "common/error.h"

#include <stdbool.h>

struct app;
struct config;

/* Serves when it returns; the broker may come later. `config` is borrowed. UNAVAILABLE, INVALID, INTERNAL:
 * what hinders it, in the message. */
MUST_CHECK int app_create(const struct config *config, struct app **out, struct error *err);
/* Takes no more jobs and finishes those begun, for at most MEDIASTORE_STOP_TIMEOUT. False: some still run,
 * the app cannot be freed and the process must simply end (the broker delivers their jobs again). */
MUST_CHECK bool app_stop(struct app *app);
void app_free(struct app *app); /* stopped, or half-built; NULL is accepted */

#endif
