/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_FIRST_START_H
#define DOMAIN_FIRST_START_H

/* What every start makes sure of and the first one makes: the schema, the accounts of the settings, the
 * identifier type DEFAULT. */

#include "common/error.h"

struct config;
struct db_pool;

/* Idempotent, also when several gateways start together. *applied counts migrations. INVALID when an
 * account is missing and the settings have no password for it. */
MUST_CHECK int first_start(
	struct db_pool *pool, const struct config *config, int *applied, struct error *err);

#endif
