/* SPDX-License-Identifier: MIT */
#include "domain/mediadata.h"

#include "common/arena.h"
#include "db/media_bulk.h"
#include "db/store_repo.h"
#include "domain/identifier_types.h"
#include "domain/object_key.h"
#include "domain/store_choices.h"

#include <cjson/cJSON.h>
#include <string.h>

static const cJSON *member(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *text_of(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(member(object, name));
}

static void add_names(struct identifier_names *names, const cJSON *json)
{
	identifier_names_add(names, text_of(json, "pid_type"));
	identifier_names_add_members(names, member(json, "identifiers"));
}

/* What needs no store: the types, their patterns, and that an identifier of the pid's own type repeats the
 * pid. */
static int check_names(struct identifier_types *types, const cJSON *json, struct error *err)
{
	const char *pid = text_of(json, "pid"), *pid_type = text_of(json, "pid_type");
	const cJSON *identifiers = member(json, "identifiers");
	const char *same = text_of(identifiers, pid_type);
	if (identifier_types_check(types, "pid_type", pid_type, pid, err))
		return -1;
	if (same && strcmp(same, pid) != 0)
		return error_set(err, ERROR_INVALID,
			"duplicate pid_type in identifiers DO NOT MATCH: %s != %s", same, pid);
	return identifier_types_check_members(types, identifiers, err);
}

int mediadata_resolve(struct db_conn *conn, const cJSON *json, const char *document,
	const char *document_path, struct arena *arena, struct mediadata *out, struct error *err)
{
	struct identifier_names *names = identifier_names_create(arena);
	struct identifier_types *types;
	const struct store_descriptor *store;
	add_names(names, json);
	if (identifier_names_load(names, conn, &types, err) || check_names(types, json, err) ||
		store_choices_resolve(
			store_choices_create(arena), conn, member(json, "store_config"), &store, err))
		return -1;
	*out = (struct mediadata){
		.media = {.pid = text_of(json, "pid"),
			.pid_type = text_of(json, "pid_type"),
			.store_pk = store->pk,
			.document = document,
			.document_path = document_path},
		.store_type = store->type,
	};
	return 0;
}

/* --- many */

struct batch {
	struct db_conn *conn;
	struct arena *arena;
	struct identifier_types *types;
	struct store_choices *stores;
	int64_t *store_pk;
	const char **store_key;
};

/* INVALID is the element's fault; anything else ends the whole. */
static int prepare_one(struct batch *batch, struct bulk *bulk, size_t i, struct error *err)
{
	const struct bulk_item *item = &bulk->items[i];
	const struct store_descriptor *store;
	char key[OBJECT_KEY_SIZE];
	batch->store_key[i] = "";
	if (check_names(batch->types, item->json, err) == 0 &&
		store_choices_resolve(
			batch->stores, batch->conn, member(item->json, "store_config"), &store, err) == 0) {
		object_key_make(item->pid, key);
		batch->store_pk[i] = store->pk;
		batch->store_key[i] = arena_strdup(batch->arena, key);
		return 0;
	}
	if (err->code != ERROR_INVALID)
		return -1;
	bulk_fail(bulk, i, err);
	return 0;
}

static int prepare(struct batch *batch, struct bulk *bulk, struct error *err)
{
	struct identifier_names *names = identifier_names_create(batch->arena);
	for (size_t i = 0; i < bulk->count; i++)
		add_names(names, bulk->items[i].json);
	if (identifier_names_load(names, batch->conn, &batch->types, err))
		return -1;
	batch->stores = store_choices_create(batch->arena);
	batch->store_pk = arena_alloc(batch->arena, (bulk->count + 1) * sizeof(*batch->store_pk));
	batch->store_key = arena_alloc(batch->arena, (bulk->count + 1) * sizeof(*batch->store_key));
	for (size_t i = 0; i < bulk->count; i++)
		if (prepare_one(batch, bulk, i, err))
			return -1;
	return 0;
}

static void note_existing(struct bulk *bulk, const struct media_created *created)
{
	struct error exists;
	for (size_t i = 0; i < bulk->count; i++) {
		if (created[i].json || bulk->items[i].code != ERROR_NONE)
			continue;
		error_set(&exists, ERROR_CONFLICT, "a media with this pid exists already");
		bulk_fail(bulk, i, &exists);
	}
}

int mediadata_create_many(struct db_conn *conn, const cJSON *list, const char *document, bool partial,
	const struct db_actor *actor, struct arena *arena, struct bulk *out, struct media_created **created,
	struct error *err)
{
	struct batch batch = {.conn = conn, .arena = arena};
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	bulk_init(out, arena, list);
	*created = arena_alloc(arena, (out->count + 1) * sizeof(**created));
	if (db_begin(conn, &tx, err) || bulk_extend(out, &tx, err) || prepare(&batch, out, err))
		return -1;
	struct media_new_list media = {document, batch.store_pk, batch.store_key, out->count};
	if (media_create_many(conn, &media, actor, arena, *created, err))
		return -1;
	note_existing(out, *created);
	if (out->failures && !partial)
		return 0; /* rolled back */
	return db_commit(&tx, err);
}
