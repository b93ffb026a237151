/* SPDX-License-Identifier: MIT */
/*
 * What happens to a media's bytes. Each statement names the state it expects, so that of several writers
 * at once one wins and the others learn it from the row count.
 */
#include "db/media_repo.h"
#include "db/media_statements.h"
#include "db/repo.h"

static const struct db_statement BEGIN_PUT = {"media_begin_put",
	MEDIA_WHO " UPDATE media SET store = coalesce($4, store), store_key = $5, store_status = 'PENDING',"
		  " content_type = coalesce($6, content_type), filename = coalesce($7, filename),"
		  " presign_expires = from_unix_ms($8::bigint), size = NULL, sha256 = NULL, holder = NULL"
		  " FROM who WHERE pk = $3 AND store_status <> 'READY'"};
static const struct db_statement FINISH_PUT = {"media_finish_put",
	MEDIA_WHO " UPDATE media SET store_key = $5, store_status = 'READY', size = $6, sha256 = $7,"
		  " content_type = coalesce($8, content_type), holder = $9, presign_expires = NULL,"
		  " filename = coalesce($10, filename), crc32c = $11, md5 = $12"
		  " FROM who WHERE pk = $3 AND store_key = $4"};
static const struct db_statement FAIL_PUT = {"media_fail_put",
	MEDIA_WHO " UPDATE media SET store_status = 'FAILED'"
		  " FROM who WHERE pk = $3 AND store_key = $4 AND store_status = 'PENDING'"};
static const struct db_statement SET_STATUS = {"media_set_status",
	MEDIA_WHO " UPDATE media SET store_status = $5 FROM who WHERE pk = $3 AND store_status = $4"};
static const struct db_statement NOTE_HOLDER = {"media_note_holder",
	"INSERT INTO ram_holder (site, holder) VALUES ($1, $2)"
	" ON CONFLICT (site) DO UPDATE SET holder = excluded.holder, since = now()"
	" WHERE ram_holder.holder <> excluded.holder"};
static const struct db_statement MARK_LOST = {"media_mark_lost",
	"UPDATE media m SET store_status = 'LOST' FROM store s JOIN ram_holder h ON h.site = s.site"
	" WHERE s.pk = m.store AND s.type = 'DictStore' AND s.site = $1"
	" AND m.store_status = 'READY' AND m.holder IS DISTINCT FROM h.holder"};

int media_begin_put(
	struct db_conn *conn, const struct media_put *put, const struct db_actor *actor, struct error *err)
{
	return repo_change(conn, &BEGIN_PUT,
		DB_PARAMS(MEDIA_ACTOR(actor), DB_INT(put->media_pk), DB_INT_OR_NULL(put->store_pk, 0),
			DB_TEXT(put->store_key), DB_TEXT(put->content_type), DB_TEXT(put->filename),
			DB_INT_OR_NULL(put->presign_expires_unix_ms, 0)),
		err);
}

int media_finish_put(struct db_conn *conn, const struct media_bytes *bytes, const struct db_actor *actor,
	struct error *err)
{
	return repo_change(conn, &FINISH_PUT,
		DB_PARAMS(MEDIA_ACTOR(actor), DB_INT(bytes->media_pk), DB_TEXT(bytes->expected_key),
			DB_TEXT(bytes->store_key), DB_INT(bytes->size), DB_TEXT(bytes->sha256),
			DB_TEXT(bytes->content_type), DB_TEXT(bytes->holder), DB_TEXT(bytes->filename),
			DB_TEXT(bytes->crc32c), DB_TEXT(bytes->md5)),
		err);
}

int media_fail_put(struct db_conn *conn, int64_t media_pk, const char *store_key,
	const struct db_actor *actor, struct error *err)
{
	return repo_change(
		conn, &FAIL_PUT, DB_PARAMS(MEDIA_ACTOR(actor), DB_INT(media_pk), DB_TEXT(store_key)), err);
}

int media_set_status(struct db_conn *conn, int64_t media_pk, enum media_status from, enum media_status to,
	const struct db_actor *actor, struct error *err)
{
	return repo_change(conn, &SET_STATUS,
		DB_PARAMS(MEDIA_ACTOR(actor), DB_INT(media_pk), DB_TEXT(media_status_name(from)),
			DB_TEXT(media_status_name(to))),
		err);
}

int media_mark_lost(
	struct db_conn *conn, const char *site, const char *holder, int64_t *lost, struct error *err)
{
	if (db_execute(conn, &NOTE_HOLDER, DB_PARAMS(DB_TEXT(site), DB_TEXT(holder)), NULL, err))
		return -1;
	return db_execute(conn, &MARK_LOST, DB_PARAMS(DB_TEXT(site)), lost, err);
}
