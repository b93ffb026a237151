/* SPDX-License-Identifier: MIT */
#include "db/media_move.h"

#include "db/media_statements.h"
#include "db/repo.h"

static const struct db_statement COPY_ROW = {"media_copy_row", MEDIA_WHO
	" INSERT INTO media (pid, pid_type, store, store_key, store_status, metadata, tags, content_type,"
	" filename) SELECT $4, coalesce($5, m.pid_type), $6, $7, 'PENDING', m.metadata, m.tags,"
	" m.content_type, m.filename FROM media m, who WHERE m.pk = $3 RETURNING pk"};
static const struct db_statement MOVE = {"media_move", MEDIA_WHO
	" UPDATE media SET store = $7, store_key = $8, holder = $9 FROM who WHERE pk = $3 AND store = $4"
	" AND store_key = $5 AND sha256 = $6 AND store_status = 'READY'"};
static const struct db_statement NOTE_FIXITY = {"media_note_fixity",
	MEDIA_WHO " UPDATE media SET store_status = $7, holder = coalesce($8, holder) FROM who WHERE pk = $3"
		  " AND store = $4 AND store_key = $5 AND sha256 = $6"
		  " AND store_status IN ('READY', 'LOST', 'CORRUPT') AND store_status <> $7"};
static const struct db_statement KEY_IN_USE = {"media_key_in_use",
	"SELECT 1 FROM media WHERE store = $1 AND store_key = $2"
	" AND store_status <> 'FAILED'"};

int media_copy_row(struct db_conn *conn, const struct media_copy *copy, const struct db_actor *actor,
	int64_t *pk, struct error *err)
{
	return repo_int(conn, &COPY_ROW,
		DB_PARAMS(MEDIA_ACTOR(actor), DB_INT(copy->source_pk), DB_TEXT(copy->pid),
			DB_TEXT(copy->pid_type), DB_INT(copy->store_pk), DB_TEXT(copy->store_key)),
		pk, err);
}

#define OBJECT(object)                                                                                       \
	DB_INT((object)->media_pk), DB_INT((object)->store_pk), DB_TEXT((object)->store_key),                \
		DB_TEXT((object)->sha256)

int media_move(struct db_conn *conn, const struct media_object *object, int64_t to_store_pk,
	const char *to_key, const char *holder, const struct db_actor *actor, struct error *err)
{
	return repo_change(conn, &MOVE,
		DB_PARAMS(MEDIA_ACTOR(actor), OBJECT(object), DB_INT(to_store_pk), DB_TEXT(to_key),
			DB_TEXT(holder)),
		err);
}

int media_note_fixity(struct db_conn *conn, const struct media_object *object, enum media_status found,
	const char *holder, const struct db_actor *actor, struct error *err)
{
	return repo_change(conn, &NOTE_FIXITY,
		DB_PARAMS(MEDIA_ACTOR(actor), OBJECT(object), DB_TEXT(media_status_name(found)),
			DB_TEXT(holder)),
		err);
}

int media_key_in_use(struct db_conn *conn, int64_t store_pk, const char *store_key, struct error *err)
{
	int64_t one;
	return repo_int(conn, &KEY_IN_USE, DB_PARAMS(DB_INT(store_pk), DB_TEXT(store_key)), &one, err);
}
