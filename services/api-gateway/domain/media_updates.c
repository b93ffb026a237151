/* SPDX-License-Identifier: MIT */
/* Changes that PostgreSQL alone decides. Those that may need a worker are in media_places.c. */
#include "domain/media_updates.h"

#include "common/clock.h"
#include "db/pool.h"
#include "domain/entity_tag.h"
#include "domain/identifier_types.h"

#include <cjson/cJSON.h>

static struct db_conn *connect(const struct media_updates *updates, struct error *err)
{
	return db_acquire(updates->pool, clock_monotonic_ms() + updates->timeout_ms, err);
}

static const cJSON *identifiers_of(const struct bulk_item *item)
{
	return cJSON_GetObjectItemCaseSensitive(item->json, "identifiers");
}

/* The types and patterns are for us to check, the rest is the statement's. */
static int check_identifiers(
	const struct media_updates *updates, struct db_conn *conn, struct bulk *bulk, struct error *err)
{
	struct identifier_names *names = identifier_names_create(updates->arena);
	struct identifier_types *types;
	for (size_t i = 0; i < bulk->count; i++)
		identifier_names_add_members(names, identifiers_of(&bulk->items[i]));
	if (identifier_names_load(names, conn, &types, err))
		return -1;
	struct error why;
	for (size_t i = 0; i < bulk->count; i++)
		if (identifier_types_check_members(types, identifiers_of(&bulk->items[i]), &why))
			bulk_fail(bulk, i, &why);
	return 0;
}

int media_updates_documents(
	const struct media_updates *updates, enum media_change change, struct bulk *out, struct error *err)
{
	struct media_failures failures;
	CLEANUP(db_release) struct db_conn *conn = connect(updates, err);
	bulk_init(out, updates->arena, updates->list, updates->errors);
	if (!conn || (change == MEDIA_SET_IDENTIFIERS && check_identifiers(updates, conn, out, err)))
		return -1;
	struct media_change_list list = {
		.change = change,
		.updates = updates->document,
		.skipped = bulk_skipped(out),
		.wanted = entity_tag_array(updates->if_match, updates->arena),
	};
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	if (bulk_begin(out, conn, &tx, err) ||
		media_change_many(conn, &list, &updates->caller.actor, updates->arena, &failures, err) ||
		bulk_commit(&tx, err))
		return -1;
	bulk_take(out, &failures);
	return 0;
}

int media_updates_delete(const struct media_updates *updates, struct bulk *out, struct error *err)
{
	struct media_failures failures;
	CLEANUP(db_release) struct db_conn *conn = connect(updates, err);
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	const char *wanted = entity_tag_array(updates->if_match, updates->arena);
	bulk_init(out, updates->arena, updates->list, updates->errors);
	if (!conn || bulk_begin(out, conn, &tx, err) ||
		media_delete_many(conn, updates->document, wanted, &updates->caller.actor, updates->arena,
			&failures, err) ||
		bulk_commit(&tx, err))
		return -1;
	bulk_take(out, &failures);
	return 0;
}
