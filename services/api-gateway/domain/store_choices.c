/* SPDX-License-Identifier: MIT */
#include "domain/store_choices.h"

#include "common/arena.h"
#include "common/json_number.h"
#include "db/store_repo.h"
#include "domain/stores.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

struct choice {
	int64_t pk; /* 0: described by `input` */
	struct store_input input;
	struct store_descriptor store;
	struct error failure; /* code NONE: found */
};

struct store_choices {
	struct arena *arena;
	const struct db_actor *actor;
	struct choice items[STORE_CHOICES_MAX];
	size_t count;
};

struct store_choices *store_choices_create(struct arena *arena, const struct db_actor *actor)
{
	struct store_choices *choices = arena_alloc(arena, sizeof(*choices));
	choices->arena = arena;
	choices->actor = actor;
	return choices;
}

/* A description counts before a pk that stands in it: clients send whole stores back. */
static int read_config(const cJSON *config, struct choice *out, struct error *err)
{
	*out = (struct choice){0};
	const cJSON *pk = config;
	if (cJSON_IsObject(config)) {
		stores_input_of_json(config, &out->input);
		pk = cJSON_GetObjectItemCaseSensitive(config, "pk");
		if (!pk || cJSON_IsNull(pk))
			return 0;
	}
	if (json_pk(pk, &out->pk))
		return error_set(err, ERROR_INVALID, "bad store: %s is no pk",
			cJSON_IsString(pk) ? pk->valuestring : "this");
	if (out->input.type)
		out->pk = 0;
	return 0;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same(const struct choice *a, const struct choice *b)
{
	return a->pk == b->pk && same_text(a->input.bucket, b->input.bucket) &&
	       same_text(a->input.type, b->input.type) && same_text(a->input.s3_url, b->input.s3_url) &&
	       same_text(a->input.site, b->input.site);
}

static struct choice *find(struct store_choices *choices, const struct choice *wanted)
{
	for (size_t i = choices->count; i > 0; i--) /* lists mostly repeat the last one */
		if (same(&choices->items[i - 1], wanted))
			return &choices->items[i - 1];
	return NULL;
}

static int resolve(struct db_conn *conn, struct choice *choice, struct arena *arena, struct error *err)
{
	if (!choice->pk)
		return stores_resolve(conn, &choice->input, arena, &choice->store, err);
	int found = store_find(conn, choice->pk, arena, &choice->store, err);
	if (found < 0)
		return -1;
	return found ? 0
		     : error_set(err, ERROR_INVALID, "bad store: no store has the pk %" PRId64, choice->pk);
}

int store_choices_resolve(struct store_choices *choices, struct db_conn *conn, const cJSON *config,
	const struct store_descriptor **out, struct error *err)
{
	struct choice wanted;
	if (read_config(config, &wanted, err))
		return -1;
	struct choice *choice = find(choices, &wanted);
	if (!choice && choices->count == STORE_CHOICES_MAX)
		return error_set(err, ERROR_INVALID, "more than %d different stores in one request",
			STORE_CHOICES_MAX);
	if (!choice) {
		wanted.input.maker = choices->actor;
		if (resolve(conn, &wanted, choices->arena, &wanted.failure) &&
			wanted.failure.code != ERROR_INVALID) {
			*err = wanted.failure; /* of the database, not of what was named */
			return -1;
		}
		choice = &choices->items[choices->count++];
		*choice = wanted;
	}
	if (choice->failure.code != ERROR_NONE) {
		*err = choice->failure;
		return -1;
	}
	*out = &choice->store;
	return 0;
}
