/* SPDX-License-Identifier: MIT */
#ifndef DB_MEDIA_BULK_H
#define DB_MEDIA_BULK_H

/*
 * Many media in one statement: whatever the number of elements, one round trip. Lists go in as the JSON
 * text that the client sent, so that documents stay exactly what they are; what is wrong with one element
 * comes back by its place and leaves the others alone (migrations/010_media_bulk.sql). As everywhere,
 * alone each call is atomic.
 */

#include "db/media_repo.h"

/* --- writing */

struct media_failure {
	size_t index;
	enum error_code code;
	const char *message;
};

struct media_failures {
	struct media_failure *items;
	size_t count;
};

struct media_new_list {
	const char *documents;   /* JSON text: [MediaCreate], checked before */
	const int64_t *store_pk; /* of each; 0: this element is left out */
	const char *const *store_key;
	size_t count;
};

struct media_created {
	const char *json; /* the Media; NULL: left out, or a media with its pid exists already */
	size_t length;
};

/* Inserts PENDING rows, in the order of the list (by pk). out[i] tells of element i; lent by the arena. */
MUST_CHECK int media_create_many(struct db_conn *conn, const struct media_new_list *list,
	const struct db_actor *actor, struct arena *arena, struct media_created *out, struct error *err);

enum media_change {
	MEDIA_ADD_TAGS,         /* {pid, tags} */
	MEDIA_SET_TAGS,         /* {pid, tags} */
	MEDIA_SET_IDENTIFIERS,  /* {pid, identifiers} */
	MEDIA_SET_METADATA,     /* {pid, keys?, data} */
	MEDIA_MERGE_METADATA,   /* {pid, keys?, data} */
	MEDIA_REMOVE_METADATA,  /* {pid, keys?} */
	MEDIA_CHANGE_STORE_KEY, /* {pid, store_key} */
	MEDIA_CHANGE_IDENTITY, /* {pid, new_pid?, pid_type?, store? (pk), had_type (pid_type that new_pid was checked by)} */
};

struct media_change_list {
	enum media_change change;
	const char *updates; /* JSON text: [{pid, if_match?, ...}], checked before */
	const char *skipped; /* bigint[] literal: places, from 1, that are left out */
	const char
		*wanted; /* text[] literal: versions, one of which each media must have, or "*"; NULL: any */
};

/* Applies the elements one after another. Failures in the order of the list. PRECONDITION_FAILED when a
 * media has none of the `wanted` versions: nothing is changed. */
MUST_CHECK int media_change_many(struct db_conn *conn, const struct media_change_list *list,
	const struct db_actor *actor, struct arena *arena, struct media_failures *failures,
	struct error *err);

/* `pids`: JSON text of an array. The bytes follow by background jobs. A pid named again is a failure.
 * PRECONDITION_FAILED as above. */
MUST_CHECK int media_delete_many(struct db_conn *conn, const char *pids, const char *wanted,
	const struct db_actor *actor, struct arena *arena, struct media_failures *failures,
	struct error *err);

/* A READY media's bytes are at another place, where a worker has found them: `media` is the row as it was
 * seen, which must not have changed since. 1 / 0 it has / -1, CONFLICT when the place is another media's. */
struct media_place {
	int64_t store_pk;
	const char *store_key;
	int64_t size;
	const char *sha256, *holder; /* holder NULL but for DictStores */
};
MUST_CHECK int media_repoint(struct db_conn *conn, const struct media_row *media,
	const struct media_place *place, const struct db_actor *actor, struct error *err);

/* --- reading */

/* All that have one of the tags (text[] literal), once each, in the order of pk. */
MUST_CHECK int media_search_tags(
	struct db_conn *conn, const char *tags, db_visit_text_fn *visit, void *context, struct error *err);

struct media_found {
	struct media_row row;
	const char *json; /* the Media; NULL: no media has this pid */
};
/* The media of a JSON array of pids (text), which has *count elements: out[i] is that of element i. */
MUST_CHECK int media_find_many(struct db_conn *conn, const char *pids, struct arena *arena,
	struct media_found **out, size_t *count, struct error *err);

/* Every pid of this type, and every identifier of it. */
MUST_CHECK int media_visit_identifiers(struct db_conn *conn, const char *type,
	int (*visit)(const char *value, void *context, struct error *err), void *context, struct error *err);

#endif
