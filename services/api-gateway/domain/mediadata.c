/* SPDX-License-Identifier: MIT */
#include "domain/mediadata.h"

#include "db/identifier_repo.h"
#include "db/store_repo.h"
#include "domain/pattern.h"
#include "domain/stores.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

/* An identifier type that has to exist. */
static int check_type(struct db_conn *conn, const char *what, const char *name, const char *value,
	struct arena *arena, struct error *err)
{
	struct identifier_type type;
	int found = identifier_find(conn, name, arena, &type, err);
	if (found < 0)
		return -1;
	if (!found)
		return error_set(err, ERROR_INVALID, "bad %s: %s", what, name);
	int matches = pattern_matches(type.pattern, value, err);
	if (matches < 0)
		return -1;
	return matches ? 0
		       : error_set(err, ERROR_INVALID, "%s does not match the pattern of identifier type %s",
				 what, name);
}

static int check_identifiers(struct db_conn *conn, const struct mediadata *data, const cJSON *identifiers,
	struct arena *arena, struct error *err)
{
	const cJSON *identifier;
	cJSON_ArrayForEach(identifier, identifiers) {
		const char *value = cJSON_GetStringValue(identifier);
		if (strcmp(identifier->string, data->media.pid_type) == 0 &&
			strcmp(value, data->media.pid) != 0)
			return error_set(err, ERROR_INVALID,
				"duplicate pid_type in identifiers DO NOT MATCH: %s != %s", value,
				data->media.pid);
		if (check_type(conn, "identifier_type", identifier->string, value, arena, err))
			return -1;
	}
	return 0;
}

/* Named by its pk alone, or described: then it is found or made. */
static int resolve_store(struct db_conn *conn, const cJSON *config, struct arena *arena,
	struct mediadata *out, struct error *err)
{
	struct store_input input;
	stores_input_of_json(config, &input);
	const char *pk = text_of(config, "pk");
	bool by_pk = !input.type && pk;
	if (by_pk && pk[strspn(pk, "0123456789")] != '\0')
		return error_set(err, ERROR_INVALID, "bad store: %s is no pk", pk);
	if (!by_pk && stores_ensure(conn, &input, arena, &out->media.store_pk, err))
		return -1;
	if (by_pk)
		out->media.store_pk = strtoll(pk, NULL, 10);
	struct store_descriptor store;
	int found = store_find(conn, out->media.store_pk, arena, &store, err);
	if (found < 0)
		return -1;
	if (!found)
		return error_set(err, ERROR_INVALID, "bad store: no store has the pk %s", by_pk ? pk : "");
	out->store_type = store.type;
	return 0;
}

int mediadata_resolve(struct db_conn *conn, const cJSON *json, const char *document,
	const char *document_path, struct arena *arena, struct mediadata *out, struct error *err)
{
	struct mediadata data = {
		.media = {.pid = text_of(json, "pid"),
			.pid_type = text_of(json, "pid_type"),
			.document = document,
			.document_path = document_path},
	};
	const cJSON *store = cJSON_GetObjectItemCaseSensitive(json, "store_config");
	if (check_type(conn, "pid_type", data.media.pid_type, data.media.pid, arena, err) ||
		check_identifiers(
			conn, &data, cJSON_GetObjectItemCaseSensitive(json, "identifiers"), arena, err) ||
		resolve_store(conn, store, arena, &data, err))
		return -1;
	*out = data;
	return 0;
}
