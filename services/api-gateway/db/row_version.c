/* SPDX-License-Identifier: MIT */
#include "db/row_version.h"

#include "db/repo.h"

#define STORE                                                                                                \
	"SELECT concat_ws('.', s.xmin, c.xmin) FROM store s LEFT JOIN s3_config c ON c.pk = s.s3_config"     \
	" WHERE s.pk = $1::bigint"
#define S3_CONFIG  "SELECT xmin::text FROM s3_config WHERE pk = $1::bigint"
#define IDENTIFIER "SELECT xmin::text FROM identifier_type WHERE name = $1"
#define USER       "SELECT xmin::text FROM app_user WHERE name = $1"
#define WEBHOOK    "SELECT xmin::text FROM webhook WHERE pk = $1::bigint"

static const struct db_statement READ[ROW_KINDS] = {
	[ROW_STORE] = {"row_version_store", STORE},
	[ROW_S3_CONFIG] = {"row_version_s3_config", S3_CONFIG},
	[ROW_IDENTIFIER] = {"row_version_identifier", IDENTIFIER},
	[ROW_USER] = {"row_version_user", USER},
	[ROW_WEBHOOK] = {"row_version_webhook", WEBHOOK},
};
static const struct db_statement LOCK[ROW_KINDS] = {
	[ROW_STORE] = {"row_version_lock_store", STORE " FOR UPDATE OF s"},
	[ROW_S3_CONFIG] = {"row_version_lock_s3_config", S3_CONFIG " FOR UPDATE"},
	[ROW_IDENTIFIER] = {"row_version_lock_identifier", IDENTIFIER " FOR UPDATE"},
	[ROW_USER] = {"row_version_lock_user", USER " FOR UPDATE"},
	[ROW_WEBHOOK] = {"row_version_lock_webhook", WEBHOOK " FOR UPDATE"},
};

int row_version_read(struct db_conn *conn, enum row_kind kind, const char *key, struct arena *arena,
	const char **version, struct error *err)
{
	return repo_text(conn, &READ[kind], DB_PARAMS(DB_TEXT(key)), arena, version, err);
}

int row_version_lock(struct db_conn *conn, enum row_kind kind, const char *key, struct arena *arena,
	const char **version, struct error *err)
{
	return repo_text(conn, &LOCK[kind], DB_PARAMS(DB_TEXT(key)), arena, version, err);
}
