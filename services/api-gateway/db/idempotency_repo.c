/* SPDX-License-Identifier: MIT */
#include "db/idempotency_repo.h"

#include "common/buf.h"
#include "db/repo.h"

static const struct db_statement CLAIM = {"idempotency_claim",
	"INSERT INTO idempotency AS i (app_user, key, fingerprint, claim, leased_until)"
	" VALUES ($1, $2, decode($3, 'hex'), $4::uuid, now() + $5::bigint * interval '1 ms')"
	" ON CONFLICT ON CONSTRAINT idempotency_pkey DO UPDATE"
	" SET fingerprint = excluded.fingerprint, claim = excluded.claim, leased_until = "
	"excluded.leased_until,"
	"	status = NULL, answer = NULL, created = now(),"
	"	effect = CASE WHEN i.created < now() - $6::bigint * interval '1 ms' THEN NULL ELSE i.effect "
	"END"
	" WHERE i.created < now() - $6::bigint * interval '1 ms'"
	"	OR (i.status IS NULL AND (i.leased_until < now() OR $7) AND i.fingerprint = "
	"excluded.fingerprint)"
	" RETURNING effect"};
static const struct db_statement FIND = {"idempotency_find",
	"SELECT fingerprint = decode($3, 'hex') AS same, coalesce(status, 0) AS status, answer FROM "
	"idempotency"
	" WHERE app_user = $1 AND key = $2"};
static const struct db_statement RENEW = {"idempotency_renew",
	"UPDATE idempotency SET leased_until = now() + $2::bigint * interval '1 ms'"
	" WHERE claim = ANY ($1::text[]::uuid[]) AND status IS NULL"};
static const struct db_statement FINISH = {"idempotency_finish",
	"UPDATE idempotency SET status = $4, answer = $5"
	" WHERE app_user = $1 AND key = $2 AND claim = $3::uuid AND status IS NULL"};
static const struct db_statement NOTE_EFFECT = {"idempotency_note_effect",
	"UPDATE idempotency SET effect = $2 WHERE claim = $1::uuid AND status IS NULL"};
static const struct db_statement FORGET = {"idempotency_forget",
	"DELETE FROM idempotency WHERE app_user = $1 AND key = $2 AND claim = $3::uuid AND status IS NULL"};
static const struct db_statement DELETE_OLD = {"idempotency_delete_old",
	"DELETE FROM idempotency WHERE (app_user, key) IN (SELECT app_user, key FROM idempotency"
	" WHERE created < now() - $1::bigint * interval '1 ms' AND (status IS NOT NULL OR leased_until < "
	"now())"
	" LIMIT $2 FOR UPDATE SKIP LOCKED)"};

int idempotency_claim(struct db_conn *conn, const struct idempotency_key *key, const char *claim, bool seize,
	int64_t lease_ms, int64_t retention_ms, struct arena *arena, const char **effect, struct error *err)
{
	return repo_text(conn, &CLAIM,
		DB_PARAMS(DB_INT(key->user_pk), DB_TEXT(key->key), DB_TEXT(key->fingerprint_hex),
			DB_TEXT(claim), DB_INT(lease_ms), DB_INT(retention_ms), DB_BOOL(seize)),
		arena, effect, err);
}

int idempotency_find(struct db_conn *conn, const struct idempotency_key *key, struct arena *arena,
	struct idempotency_row *out, struct error *err)
{
	const struct db_result *row = NULL;
	int found = repo_row(conn, &FIND,
		DB_PARAMS(DB_INT(key->user_pk), DB_TEXT(key->key), DB_TEXT(key->fingerprint_hex)), arena,
		&row, err);
	if (found == 1)
		*out = (struct idempotency_row){
			.same = db_bool(row, 0, "same"),
			.status = (int)db_int(row, 0, "status"),
			.answer = db_text(row, 0, "answer"),
		};
	return found;
}

int idempotency_renew(
	struct db_conn *conn, const char *const *claims, size_t count, int64_t lease_ms, struct error *err)
{
	CLEANUP(buf_release) struct buf array = {0};
	db_text_array(&array, claims, count);
	return db_execute(conn, &RENEW, DB_PARAMS(DB_TEXT(array.data), DB_INT(lease_ms)), NULL, err);
}

int idempotency_finish(struct db_conn *conn, const struct idempotency_key *key, const char *claim, int status,
	const char *answer, struct error *err)
{
	return repo_change(conn, &FINISH,
		DB_PARAMS(DB_INT(key->user_pk), DB_TEXT(key->key), DB_TEXT(claim), DB_INT(status),
			DB_TEXT(answer)),
		err);
}

int idempotency_note_effect(struct db_conn *conn, const char *claim, const char *effect, struct error *err)
{
	return repo_change(conn, &NOTE_EFFECT, DB_PARAMS(DB_TEXT(claim), DB_TEXT(effect)), err);
}

int idempotency_forget(
	struct db_conn *conn, const struct idempotency_key *key, const char *claim, struct error *err)
{
	return repo_change(
		conn, &FORGET, DB_PARAMS(DB_INT(key->user_pk), DB_TEXT(key->key), DB_TEXT(claim)), err);
}

int idempotency_delete_old(
	struct db_conn *conn, int64_t retention_ms, int64_t limit, int64_t *deleted, struct error *err)
{
	return db_execute(conn, &DELETE_OLD, DB_PARAMS(DB_INT(retention_ms), DB_INT(limit)), deleted, err);
}
