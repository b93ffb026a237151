/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_STORE_CHOICES_H
#define DOMAIN_STORE_CHOICES_H

/*
 * The stores that one request names: each is looked for, or made, once, however many elements name it.
 * Lives in the arena.
 */

#include "common/error.h"
#include "schemas/job_message.h"

struct arena;
struct cJSON;
struct db_actor;
struct db_conn;
struct store_choices;

enum { STORE_CHOICES_MAX = 256 };

/* What is made is made by that actor, who is borrowed. */
struct store_choices *store_choices_create(struct arena *arena, const struct db_actor *actor);

/* `config`: a pk (number or string of digits), {pk} or a StoreCreate, which is found or made. The
 * descriptor is the arena's. INVALID: see stores_ensure(); no such pk; more than STORE_CHOICES_MAX
 * different ones. */
MUST_CHECK int store_choices_resolve(struct store_choices *choices, struct db_conn *conn,
	const struct cJSON *config, const struct store_descriptor **out, struct error *err);

#endif
