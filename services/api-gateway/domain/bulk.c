/* SPDX-License-Identifier: MIT */
#include "domain/bulk.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "db/media_bulk.h"

#include <cjson/cJSON.h>

static void fail(struct bulk *bulk, size_t index, enum error_code code, const char *message)
{
	struct bulk_item *item = &bulk->items[index];
	bulk->failures += item->code == ERROR_NONE;
	item->code = code;
	item->message = message;
}

void bulk_init(struct bulk *bulk, struct arena *arena, const cJSON *list, const char *const *errors)
{
	*bulk = (struct bulk){.arena = arena, .count = (size_t)cJSON_GetArraySize(list)};
	bulk->items = arena_alloc(arena, (bulk->count + 1) * sizeof(*bulk->items));
	const cJSON *json;
	size_t i = 0;
	cJSON_ArrayForEach(json, list) {
		const cJSON *pid =
			cJSON_IsObject(json) ? cJSON_GetObjectItemCaseSensitive(json, "pid") : json;
		bulk->items[i] = (struct bulk_item){.json = json, .pid = cJSON_GetStringValue(pid)};
		if (errors && errors[i])
			fail(bulk, i, ERROR_INVALID, errors[i]);
		i++;
	}
}

void bulk_fail(struct bulk *bulk, size_t index, const struct error *why)
{
	fail(bulk, index, why->code, arena_strdup(bulk->arena, why->message));
}

void bulk_fail_for(struct bulk *bulk, size_t index, const char *message)
{
	fail(bulk, index, ERROR_INVALID, message);
}

void bulk_take(struct bulk *bulk, const struct media_failures *failures)
{
	for (size_t i = 0; i < failures->count; i++)
		fail(bulk, failures->items[i].index, failures->items[i].code, failures->items[i].message);
}

const char *bulk_skipped(const struct bulk *bulk)
{
	CLEANUP(buf_release) struct buf out = {0};
	buf_append_text(&out, "{");
	for (size_t i = 0; i < bulk->count; i++)
		if (bulk->items[i].code != ERROR_NONE)
			buf_printf(&out, "%s%zu", out.length > 1 ? "," : "", i + 1);
	buf_append_text(&out, "}");
	return arena_memdup(bulk->arena, out.data, out.length);
}

/* An element costs a fraction of a millisecond, more where many write at once. */
enum { USUAL_COUNT = 1000, USUAL_MS = 15000, MS_EACH = 5 };

int bulk_extend(const struct bulk *bulk, struct db_transaction *tx, struct error *err)
{
	return bulk->count <= USUAL_COUNT ? 0 : db_extend(tx, USUAL_MS + (int64_t)bulk->count * MS_EACH, err);
}

int bulk_begin(const struct bulk *bulk, struct db_conn *conn, struct db_transaction *tx, struct error *err)
{
	if (bulk->count <= USUAL_COUNT)
		return 0;
	return db_begin(conn, tx, err) || bulk_extend(bulk, tx, err) ? -1 : 0;
}

int bulk_commit(struct db_transaction *tx, struct error *err)
{
	return tx->conn ? db_commit(tx, err) : 0;
}

int bulk_error(const struct bulk_item *item, struct error *err)
{
	return error_set(err, item->code, "%s", item->message);
}
