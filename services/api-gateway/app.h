/* SPDX-License-Identifier: MIT */
#ifndef GATEWAY_APP_H
#define GATEWAY_APP_H

/*
 * The whole gateway: builds every part in the order of their dependence, and takes them down in the
 * reverse. A database that is not there yet is waited for; a broker that is not there yet is no obstacle
 * at all.
 */

#include "common/error.h"

#include <signal.h>
#include <stdbool.h>

struct app;
struct config;

/* Waits for the database until *stop becomes true (CANCELLED). config is borrowed. */
MUST_CHECK int app_start(
	const struct config *config, const volatile sig_atomic_t *stop, struct app **out, struct error *err);
/* Takes no new requests, finishes those in flight within the drain timeout, and frees everything. NULL is
 * accepted. */
void app_stop(struct app *app);

/* Brings the database's schema up to date and makes the first accounts; for `api-gateway migrate`.
 * *applied counts migrations. */
MUST_CHECK int app_migrate(const struct config *config, int *applied, struct error *err);

#endif
