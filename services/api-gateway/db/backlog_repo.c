/* SPDX-License-Identifier: MIT */
#include "db/backlog_repo.h"

#include "common/arena.h"
#include "db/repo.h"

/* Each part has an index of its own (the outbox is short unless the broker is away). */
static const struct db_statement READ = {"backlog_read",
	"SELECT o.events + s.last - p.seq AS events, coalesce(unix_ms(now()) - unix_ms(least(o.oldest,"
	" (SELECT created FROM event WHERE seq > p.seq ORDER BY seq LIMIT 1))), 0) AS oldest_ms, s.last AS "
	"last_seq,"
	" (SELECT count(*) FROM job WHERE state = 'queued') AS queued,"
	" (SELECT count(*) FROM job WHERE state = 'queued' AND kind <> 'deliver' AND next_run_at < now() - "
	"interval '5 s') AS "
	"overdue,"
	" (SELECT count(*) FROM job WHERE state = 'running') AS running,"
	" (SELECT count(*) FROM job WHERE state = 'dead') AS dead"
	" FROM (SELECT count(*) AS events, min(created) AS oldest FROM outbox) o, event_sequence s, "
	"event_published p"};
static const struct db_statement SITES = {"backlog_sites",
	"SELECT DISTINCT site FROM store WHERE type <> 'BucketStore' ORDER BY site LIMIT 1000"};

int backlog_read(struct db_conn *conn, struct backlog *out, struct error *err)
{
	CLEANUP(db_result_cleanup) struct db_result *row = NULL;
	if (db_query(conn, &READ, DB_NO_PARAMS, &row, err))
		return -1;
	*out = (struct backlog){
		.events = db_int(row, 0, "events"),
		.oldest_ms = db_int(row, 0, "oldest_ms"),
		.last_seq = db_int(row, 0, "last_seq"),
		.queued = db_int(row, 0, "queued"),
		.overdue = db_int(row, 0, "overdue"),
		.running = db_int(row, 0, "running"),
		.dead = db_int(row, 0, "dead"),
	};
	return 0;
}

int backlog_sites(struct db_conn *conn, struct arena *arena, const char *const **out, struct error *err)
{
	const struct db_result *rows = NULL;
	if (repo_rows(conn, &SITES, DB_NO_PARAMS, arena, &rows, err))
		return -1;
	int count = db_rows(rows);
	const char **sites = arena_alloc(arena, ((size_t)count + 1) * sizeof(*sites));
	for (int i = 0; i < count; i++)
		sites[i] = db_text_at(rows, i, 0);
	*out = sites;
	return 0;
}
