/* SPDX-License-Identifier: MIT */
#include "domain/mediadata.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "db/media_bulk.h"
#include "db/store_repo.h"
#include "domain/identifier_types.h"
#include "domain/object_key.h"
#include "domain/store_choices.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
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

/* What is wrong with one media: everything, told at once. */
struct problems {
	struct buf list; /* JSON: {"error": message}, ... without the brackets */
	struct error first;
};

static void release_problems(struct problems *problems)
{
	buf_release(&problems->list);
}

/* Whether the check has passed, or has failed for a reason that belongs into the list. */
static bool noted(struct problems *problems, int result, const struct error *err)
{
	if (result == 0)
		return true;
	if (err->code != ERROR_INVALID)
		return false;
	if (problems->list.length)
		buf_append(&problems->list, ",", 1);
	else
		problems->first = *err;
	buf_append_text(&problems->list, "{\"error\":");
	buf_append_json_string(&problems->list, err->message);
	buf_append(&problems->list, "}", 1);
	return true;
}

static int check_duplicate(const cJSON *json, struct error *err)
{
	const char *pid = text_of(json, "pid");
	const char *same = text_of(member(json, "identifiers"), text_of(json, "pid_type"));
	if (!same || strcmp(same, pid) == 0)
		return 0;
	return error_set(
		err, ERROR_INVALID, "duplicate pid_type in identifiers DO NOT MATCH: %s != %s", same, pid);
}

/* What needs no store: the types, their patterns, and that an identifier of the pid's own type repeats the
 * pid. */
static int check_names(
	struct identifier_types *types, const cJSON *json, struct problems *problems, struct error *err)
{
	const cJSON *identifier;
	if (!noted(problems,
		    identifier_types_check(
			    types, "pid_type", text_of(json, "pid_type"), text_of(json, "pid"), err),
		    err) ||
		!noted(problems, check_duplicate(json, err), err))
		return -1;
	cJSON_ArrayForEach(identifier, member(json, "identifiers")) {
		if (!noted(problems,
			    identifier_types_check(types, "identifier_type", identifier->string,
				    cJSON_GetStringValue(identifier), err),
			    err))
			return -1;
	}
	return 0;
}

/* Everything about one: 0, or -1 with the list of problems, or with an error that ends the whole. */
static int check_one(struct db_conn *conn, struct identifier_types *types, struct store_choices *stores,
	const cJSON *json, struct problems *problems, const struct store_descriptor **store,
	struct error *err)
{
	if (check_names(types, json, problems, err) ||
		!noted(problems,
			store_choices_resolve(stores, conn, member(json, "store_config"), store, err), err))
		return -1;
	if (!problems->list.length)
		return 0;
	*err = problems->first;
	return -1;
}

int mediadata_resolve(struct db_conn *conn, const cJSON *json, const char *document,
	const struct db_actor *actor, struct arena *arena, struct mediadata *out, struct error *err)
{
	struct identifier_names *names = identifier_names_create(arena);
	struct identifier_types *types;
	const struct store_descriptor *store;
	CLEANUP(release_problems) struct problems problems = {0};
	*out = (struct mediadata){0};
	add_names(names, json);
	if (identifier_names_load(names, conn, &types, err))
		return -1;
	if (check_one(conn, types, store_choices_create(arena, actor), json, &problems, &store, err)) {
		if (problems.list.length)
			out->problems = arena_printf(arena, "[%s]", problems.list.data);
		return -1;
	}
	*out = (struct mediadata){
		.media = {.pid = text_of(json, "pid"),
			.pid_type = text_of(json, "pid_type"),
			.store_pk = store->pk,
			.document = document},
		.store_type = store->type,
	};
	return 0;
}

/* --- many */

/* "first; second" */
static const char *all_messages(const struct problems *problems, struct arena *arena)
{
	CLEANUP(buf_release) struct buf text = {0};
	cJSON *list = cJSON_Parse(arena_printf(arena, "[%s]", problems->list.data));
	const cJSON *problem;
	cJSON_ArrayForEach(problem, list) {
		buf_append_text(&text, text.length ? "; " : "");
		buf_append_text(&text, text_of(problem, "error"));
	}
	cJSON_Delete(list);
	return arena_memdup(arena, text.data, text.length);
}

struct batch {
	struct db_conn *conn;
	struct arena *arena;
	const struct db_actor *actor;
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
	CLEANUP(release_problems) struct problems problems = {0};
	batch->store_key[i] = "";
	if (item->code != ERROR_NONE)
		return 0;
	if (check_one(batch->conn, batch->types, batch->stores, item->json, &problems, &store, err) == 0) {
		object_key_make(item->pid, key);
		batch->store_pk[i] = store->pk;
		batch->store_key[i] = arena_strdup(batch->arena, key);
		return 0;
	}
	if (err->code != ERROR_INVALID)
		return -1;
	bulk_fail_for(bulk, i, all_messages(&problems, batch->arena));
	return 0;
}

static int prepare(struct batch *batch, struct bulk *bulk, struct error *err)
{
	struct identifier_names *names = identifier_names_create(batch->arena);
	for (size_t i = 0; i < bulk->count; i++)
		if (bulk->items[i].code == ERROR_NONE)
			add_names(names, bulk->items[i].json);
	if (identifier_names_load(names, batch->conn, &batch->types, err))
		return -1;
	batch->stores = store_choices_create(batch->arena, batch->actor);
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

int mediadata_create_many(struct db_conn *conn, const cJSON *list, const char *const *errors,
	const char *document, bool partial, const struct db_actor *actor, struct arena *arena,
	struct bulk *out, struct media_created **created, struct error *err)
{
	struct batch batch = {.conn = conn, .arena = arena, .actor = actor};
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	bulk_init(out, arena, list, errors);
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
