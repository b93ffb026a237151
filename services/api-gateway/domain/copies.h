/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_COPIES_H
#define DOMAIN_COPIES_H

/*
 * Copies, moves and verifications: background jobs, each begun in one transaction with the rows it needs.
 * What their ends mean is record_copy.c's; which messages bring them there is told here.
 *
 *	direct    one worker reaches both stores: it copies, reads back and compares
 *	relayed   path or RAM stores of two sites: "" a ticket from a worker of the source's site -> "pull" a worker
 *		  of the target's site fetches and stores -> "compare" it reads back; after a failure from the beginning
 *
 * A media names the new place only when the bytes there were read back and compared; the old object goes
 * afterwards, by a job of its own.
 */

#include "db/job_repo.h"
#include "domain/caller.h"

struct cJSON;
struct job_spec;

struct copy_wish {
	const char *pid;
	const char *if_match;             /* a version, or the content, that the media must have; NULL: any */
	const struct cJSON *store_config; /* NULL: copies stay in the media's store */
	const char *new_pid, *new_pid_type; /* copies; the type NULL: the original's */
};

/* Each gives the job's id. NOT_FOUND, PRECONDITION_FAILED, CONFLICT (not READY; verify: never had bytes; the new
 * pid exists; a move to where it is), INVALID. */
MUST_CHECK int copies_copy(struct db_conn *conn, const struct copy_wish *wish, const struct caller *caller,
	struct arena *arena, const char **job_id, struct error *err);
MUST_CHECK int copies_move(struct db_conn *conn, const struct copy_wish *wish, const struct caller *caller,
	struct arena *arena, const char **job_id, struct error *err);
MUST_CHECK int copies_verify(struct db_conn *conn, const struct copy_wish *wish, const struct caller *caller,
	struct arena *arena, const char **job_id, struct error *err);
/* The same for a media whose bytes somebody has reason to doubt. */
MUST_CHECK int copies_doubt(struct db_conn *conn, const struct media_row *media, const struct db_actor *actor,
	struct arena *arena, struct error *err);

/* The message of a copy's or move's next step; *message has what all messages have. NOT_FOUND: a store is
 * gone. */
MUST_CHECK int copies_compose(struct db_conn *conn, const struct job_row *job, const struct job_spec *spec,
	struct arena *arena, struct job_message *message, struct error *err);
/* The step after one that has succeeded; NULL: it was the last. */
const char *copies_next_phase(const struct job_spec *spec, enum job_kind done);

extern const char COPIES_FIXITY[]; /* the phase of a verification, to tell it from a watch */

#endif
