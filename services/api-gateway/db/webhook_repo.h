/* SPDX-License-Identifier: MIT */
#ifndef DB_WEBHOOK_REPO_H
#define DB_WEBHOOK_REPO_H

/* Webhooks as people see and change them. What is delivered is in delivery_repo.h. Strings are the arena's. */

#include "db/query.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;

struct webhook_row {
	int64_t pk; /* not of a new one */
	const char *url;
	const char *description; /* NULL: none */
	const char *events;      /* text[] literal of patterns of routing keys; "{}": all */
	const char *pid_pattern; /* NULL: any, and what is of no pid */
	bool active;
	const char *seal_id; /* what the secrets are sealed for: "webhook:" and this */
	const char *secret;  /* sealed */
	const char *actor;
};

MUST_CHECK int webhook_insert(
	struct db_conn *conn, const struct webhook_row *row, int64_t *pk, struct error *err);
/* 1 / 0 / -1 */
MUST_CHECK int webhook_find(
	struct db_conn *conn, int64_t pk, struct arena *arena, struct webhook_row *out, struct error *err);
MUST_CHECK int webhook_read_json(
	struct db_conn *conn, int64_t pk, struct arena *arena, const char **json, struct error *err);
MUST_CHECK int webhook_list_json(
	struct db_conn *conn, db_visit_text_fn *visit, void *context, struct error *err);
/* All but secrets and actor. One that becomes active begins without failures, where it had stopped; what waits for one
 * that becomes inactive is given up. */
MUST_CHECK int webhook_update(struct db_conn *conn, const struct webhook_row *row, struct error *err);
/* The present secret counts as well for so long. 1 / 0 / -1 */
MUST_CHECK int webhook_set_secret(
	struct db_conn *conn, int64_t pk, const char *sealed, int64_t overlap_ms, struct error *err);
/* With its deliveries and their jobs: 1 / 0 / -1 */
MUST_CHECK int webhook_delete(struct db_conn *conn, int64_t pk, struct error *err);

/* What a message needs that goes to it. */
struct webhook_target {
	const char *url, *seal_id, *secret;
	const char *old_secret; /* NULL: none that still counts */
};
MUST_CHECK int webhook_find_target(
	struct db_conn *conn, int64_t pk, struct arena *arena, struct webhook_target *out, struct error *err);

#endif
