/* SPDX-License-Identifier: MIT */
/*
 * New names and places for media. A READY media's bytes are looked for at the new place before the row
 * names it, so the rows are read first, then workers look, and at last one statement does what is left.
 * Whatever changes a row in between is noticed by its version, type and status.
 */
#include "domain/media_updates.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/json_number.h"
#include "db/pool.h"
#include "domain/entity_tag.h"
#include "domain/identifier_types.h"
#include "domain/object_key.h"
#include "domain/store_choices.h"
#include "domain/transfer.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct place_change {
	struct media_row row;
	const struct store_descriptor *store; /* NULL: as it is */
	const char *store_key;                /* NULL: as it is */
	bool conditional;                     /* If-Match, or if_match of the element */
};

struct place_run {
	const struct media_updates *updates;
	struct bulk *bulk;
	struct place_change *changes;
};

static const char *text_of(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static struct db_conn *connect(const struct media_updates *updates, struct error *err)
{
	return db_acquire(updates->pool, clock_monotonic_ms() + updates->timeout_ms, err);
}

static bool failed(const struct place_run *run, size_t i)
{
	return run->bulk->items[i].code != ERROR_NONE;
}

/* --- the rows as they are */

static const char *pids_of(const struct bulk *bulk)
{
	CLEANUP(buf_release) struct buf pids = {0};
	buf_append_text(&pids, "[");
	for (size_t i = 0; i < bulk->count; i++) {
		buf_append_text(&pids, i ? "," : "");
		buf_append_json_string(&pids, bulk->items[i].pid);
	}
	buf_append_text(&pids, "]");
	return arena_memdup(bulk->arena, pids.data, pids.length);
}

/* An element's if_match: a version, as number or text, quoted or not. */
static int check_element_version(const struct bulk_item *item, struct place_change *change, struct error *why)
{
	const cJSON *wanted = cJSON_GetObjectItemCaseSensitive(item->json, "if_match");
	const char *text = cJSON_GetStringValue(wanted);
	if (!text && !cJSON_IsNumber(wanted))
		return 0;
	char *end = NULL;
	int64_t version = text ? strtoll(text + (*text == '"'), &end, 10) : json_whole(wanted, 0);
	bool well_formed = !text || *end == '\0' || strcmp(end, "\"") == 0;
	change->conditional = true;
	if (well_formed && version == change->row.version)
		return 0;
	return error_set(
		why, ERROR_PRECONDITION_FAILED, "this media has another version than if_match names");
}

static int check_header_version(const struct place_run *run, struct place_change *change, struct error *err)
{
	char tag[32];
	if (!run->updates->if_match)
		return 0;
	change->conditional = true;
	snprintf(tag, sizeof(tag), "\"%" PRId64 "\"", change->row.version);
	if (entity_tag_in_list_strongly(run->updates->if_match, tag))
		return 0;
	return error_set(err, ERROR_PRECONDITION_FAILED, "the media has another version than If-Match names");
}

static int read_rows(struct place_run *run, struct db_conn *conn, struct error *err)
{
	struct media_found *found;
	size_t count;
	struct error why;
	if (media_find_many(conn, pids_of(run->bulk), run->updates->arena, &found, &count, err))
		return -1;
	run->changes = arena_alloc(run->updates->arena, (count + 1) * sizeof(*run->changes));
	for (size_t i = 0; i < count; i++) {
		run->changes[i].row = found[i].row;
		if (!found[i].json) {
			error_set(&why, ERROR_NOT_FOUND, "no media has this pid");
			bulk_fail(run->bulk, i, &why);
			continue;
		}
		if (check_header_version(run, &run->changes[i], err))
			return -1;
		if (check_element_version(&run->bulk->items[i], &run->changes[i], &why))
			bulk_fail(run->bulk, i, &why);
	}
	return 0;
}

/* --- the rules */

static void check_store_keys(struct place_run *run)
{
	struct error why;
	for (size_t i = 0; i < run->bulk->count; i++) {
		run->changes[i].store_key = text_of(run->bulk->items[i].json, "store_key");
		if (!failed(run, i) && object_key_check(run->changes[i].store_key, &why))
			bulk_fail(run->bulk, i, &why);
	}
}

static int load_types(
	struct place_run *run, struct db_conn *conn, struct identifier_types **types, struct error *err)
{
	struct identifier_names *names = identifier_names_create(run->updates->arena);
	for (size_t i = 0; i < run->bulk->count; i++) {
		identifier_names_add(names, text_of(run->bulk->items[i].json, "pid_type"));
		identifier_names_add(names, run->changes[i].row.pid_type);
	}
	return identifier_names_load(names, conn, types, err);
}

static int check_identity(struct place_run *run, struct db_conn *conn, struct identifier_types *types,
	struct store_choices *stores, size_t i, struct error *err)
{
	const cJSON *json = run->bulk->items[i].json;
	struct place_change *change = &run->changes[i];
	const char *pid = text_of(json, "new_pid"), *type = text_of(json, "pid_type");
	const cJSON *store = cJSON_GetObjectItemCaseSensitive(json, "store_config");
	if ((pid || type) && identifier_types_check(types, "pid_type", type ? type : change->row.pid_type,
				     pid ? pid : change->row.pid, err))
		return -1;
	if (!store || cJSON_IsNull(store))
		return 0;
	return store_choices_resolve(stores, conn, store, &change->store, err);
}

static int check_identities(struct place_run *run, struct db_conn *conn, struct error *err)
{
	struct identifier_types *types;
	struct store_choices *stores = store_choices_create(run->updates->arena, &run->updates->caller.actor);
	if (load_types(run, conn, &types, err))
		return -1;
	for (size_t i = 0; i < run->bulk->count; i++) {
		if (failed(run, i) || check_identity(run, conn, types, stores, i, err) == 0)
			continue;
		if (err->code != ERROR_INVALID)
			return -1;
		bulk_fail(run->bulk, i, err);
	}
	return 0;
}

/* --- doing it */

/* Has the bytes of READY media looked for where they are to be. */
static void look_for_bytes(struct place_run *run)
{
	struct error why;
	for (size_t i = 0; i < run->bulk->count; i++) {
		struct place_change *change = &run->changes[i];
		if (failed(run, i) || change->row.status != MEDIA_READY)
			continue;
		const struct store_descriptor *store = change->store ? change->store : &change->row.store;
		const char *key = change->store_key ? change->store_key : change->row.store_key;
		if (store->pk == change->row.store.pk && strcmp(key, change->row.store_key) == 0)
			continue;
		if (transfer_repoint(run->updates->transfer, &change->row, store, key, &run->updates->caller,
			    run->updates->arena, &why))
			bulk_fail(run->bulk, i, &why);
	}
}

static void append_text_member(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(out, ",\"%s\":", name);
	buf_append_json_string(out, value);
}

static void append_change(const struct place_run *run, size_t i, enum media_change kind, struct buf *out)
{
	const struct bulk_item *item = &run->bulk->items[i];
	const struct place_change *change = &run->changes[i];
	buf_append_text(out, "{\"pid\":");
	buf_append_json_string(out, item->pid);
	if (change->conditional)
		buf_printf(out, ",\"if_match\":\"%" PRId64 "\"", change->row.version);
	append_text_member(out, "store_key", change->store_key);
	if (kind == MEDIA_CHANGE_IDENTITY) {
		append_text_member(out, "new_pid", text_of(item->json, "new_pid"));
		append_text_member(out, "pid_type", text_of(item->json, "pid_type"));
		append_text_member(out, "had_type", change->row.pid_type);
	}
	if (change->store)
		buf_printf(out, ",\"store\":%" PRId64, change->store->pk);
	buf_append_text(out, "}");
}

static int apply(struct place_run *run, enum media_change kind, struct error *err)
{
	CLEANUP(buf_release) struct buf list = {0};
	buf_append_text(&list, "[");
	for (size_t i = 0; i < run->bulk->count; i++) {
		buf_append_text(&list, i ? "," : "");
		append_change(run, i, kind, &list);
	}
	buf_append_text(&list, "]");
	struct media_change_list changes = {
		.change = kind, .updates = list.data, .skipped = bulk_skipped(run->bulk)};
	struct media_failures failures;
	CLEANUP(db_release) struct db_conn *conn = connect(run->updates, err);
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	if (!conn || bulk_begin(run->bulk, conn, &tx, err) ||
		media_change_many(
			conn, &changes, &run->updates->caller.actor, run->updates->arena, &failures, err) ||
		bulk_commit(&tx, err))
		return -1;
	bulk_take(run->bulk, &failures);
	return 0;
}

static int prepare(struct place_run *run, enum media_change kind, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = connect(run->updates, err);
	if (!conn || read_rows(run, conn, err))
		return -1;
	if (kind == MEDIA_CHANGE_IDENTITY)
		return check_identities(run, conn, err);
	check_store_keys(run);
	return 0;
}

static int change_places(
	const struct media_updates *updates, enum media_change kind, struct bulk *out, struct error *err)
{
	struct place_run run = {.updates = updates, .bulk = out};
	bulk_init(out, updates->arena, updates->list, updates->errors);
	if (prepare(&run, kind, err))
		return -1;
	look_for_bytes(&run);
	return apply(&run, kind, err);
}

int media_updates_store_keys(const struct media_updates *updates, struct bulk *out, struct error *err)
{
	return change_places(updates, MEDIA_CHANGE_STORE_KEY, out, err);
}

int media_updates_identity(const struct media_updates *updates, struct bulk *out, struct error *err)
{
	return change_places(updates, MEDIA_CHANGE_IDENTITY, out, err);
}
