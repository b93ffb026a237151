/* SPDX-License-Identifier: MIT */
#include "db/audit_repo.h"

#include "db/job_rows.h"
#include "db/repo.h"

static const struct db_statement NOTE_PAGE = {"audit_note_page",
	"SELECT audit_page($1, $2, $3, $4, $5::jsonb, from_unix_ms($6), $7::bigint * interval '1 ms')"};

#define PAGE                                                                                                 \
	" FROM audit_finding f WHERE f.job = $1 AND ($2::text IS NULL OR f.kind = $2) AND f.pk > $3 ORDER "  \
	"BY f.pk"

static const struct db_statement NEXT = {"audit_findings_next",
	"SELECT coalesce((SELECT pk FROM (SELECT pk, row_number() OVER () AS place, count(*) OVER () AS seen"
	" FROM (SELECT f.pk" PAGE " LIMIT $4 + 1) page) numbered WHERE place = $4 AND seen > $4), 0)"
	" FROM job WHERE id = $1"};
static const struct db_statement LIST = {"audit_findings",
	"SELECT json_build_object('pk', f.pk, 'kind', f.kind, 'store_key', f.store_key, 'pid', f.pid, "
	"'size', f.size,"
	" 'sha256', f.sha256, 'expected_size', f.expected_size, 'expected_sha256', f.expected_sha256,"
	" 'code', f.code)" PAGE " LIMIT $4"};

int audit_note_page(struct db_conn *conn, const struct audit_page *page, struct arena *arena,
	const char **counts, struct error *err)
{
	return repo_document(conn, &NOTE_PAGE,
		DB_PARAMS(DB_TEXT(page->job_id), DB_INT(page->store_pk), DB_TEXT(page->after),
			DB_TEXT(page->last), DB_TEXT(page->objects), DB_INT(page->begun_unix_ms),
			DB_INT(page->grace_ms)),
		arena, counts, err);
}

#define QUERY_PARAMS(query)                                                                                  \
	DB_PARAMS(DB_TEXT((query)->job_id), DB_TEXT((query)->kind), DB_INT((query)->after),                  \
		DB_INT((query)->limit))

int audit_findings_next(
	struct db_conn *conn, const struct audit_query *query, int64_t *next, struct error *err)
{
	return job_is_id(query->job_id) ? repo_int(conn, &NEXT, QUERY_PARAMS(query), next, err) : 0;
}

int audit_findings(struct db_conn *conn, const struct audit_query *query, db_visit_text_fn *visit,
	void *context, struct error *err)
{
	return db_stream_text(conn, &LIST, QUERY_PARAMS(query), visit, context, err);
}
