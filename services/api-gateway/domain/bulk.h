/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_BULK_H
#define DOMAIN_BULK_H

/* What has become of each element of a list, in its order. Lives in the arena. */

#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct cJSON;
struct media_failures;

struct bulk_item {
	const struct cJSON *json; /* the element */
	const char *pid;
	enum error_code code; /* NONE: it went well */
	const char *message;
};

struct bulk {
	struct arena *arena;
	struct bulk_item *items;
	size_t count, failures;
};

/* The elements of a checked list of objects that have a pid, or of pids. errors: by index, what has been found wrong with
 * an element already, or NULL; NULL: nothing with any. An element that is wrong may have no pid. */
void bulk_init(struct bulk *bulk, struct arena *arena, const struct cJSON *list, const char *const *errors);
void bulk_fail(struct bulk *bulk, size_t index, const struct error *why);
/* What PostgreSQL says of the elements. */
void bulk_take(struct bulk *bulk, const struct media_failures *failures);
void bulk_fail_for(struct bulk *bulk, size_t index, const char *message); /* INVALID; borrowed */
/* The places (from 1) of the elements that have failed, as a bigint[] literal. */
const char *bulk_skipped(const struct bulk *bulk);
/* A statement alone is a transaction, and the connection's time is enough for a usual list: only a long
 * one begins a transaction, which may take as long as the list needs. bulk_commit() ends what bulk_begin()
 * began. */
struct db_conn;
struct db_transaction;
MUST_CHECK int bulk_begin(
	const struct bulk *bulk, struct db_conn *conn, struct db_transaction *tx, struct error *err);
MUST_CHECK int bulk_commit(struct db_transaction *tx, struct error *err);
/* The same time for a transaction that is needed anyway. */
MUST_CHECK int bulk_extend(const struct bulk *bulk, struct db_transaction *tx, struct error *err);
/* The error of an element that has failed. */
MUST_CHECK int bulk_error(const struct bulk_item *item, struct error *err);

#endif
