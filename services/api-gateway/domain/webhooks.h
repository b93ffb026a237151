/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_WEBHOOKS_H
#define DOMAIN_WEBHOOKS_H

/*
 * Webhooks: who is told of events over HTTP. Their secrets are made here, shown once, and kept sealed
 * (seal.h, context "webhook:" + seal_id); a new one leaves the old one in force for a while.
 */

#include "common/error.h"
#include "schemas/job_message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db_conn;
struct job_post;

enum { WEBHOOK_SECRET_SIZE = 56 };

struct webhook_wish {
	const char *url;
	const char *description;   /* NULL: none */
	const char *const *events; /* patterns of routing keys */
	size_t event_count;
	const char *pid_pattern; /* NULL: any */
	bool active;
	/* of a change: what is not set stays as it is */
	bool has_description, has_events, has_pid, has_active;
	const char *actor;
};

/* *secret is to be shown, and nowhere else to be found. INVALID. */
MUST_CHECK int webhooks_create(struct db_conn *conn, const unsigned char *seal_key,
	const struct webhook_wish *wish, struct arena *arena, int64_t *pk, char secret[WEBHOOK_SECRET_SIZE],
	struct error *err);
/* Inside a transaction. INVALID, NOT_FOUND. */
MUST_CHECK int webhooks_update(struct db_conn *conn, int64_t pk, const struct webhook_wish *wish,
	struct arena *arena, struct error *err);
/* Inside a transaction: another secret; the one so far counts for overlap_ms more. NOT_FOUND. */
MUST_CHECK int webhooks_rotate(struct db_conn *conn, const unsigned char *seal_key, int64_t pk,
	int64_t overlap_ms, struct arena *arena, char secret[WEBHOOK_SECRET_SIZE], struct error *err);
/* NOT_FOUND. */
MUST_CHECK int webhooks_read_json(
	struct db_conn *conn, int64_t pk, struct arena *arena, const char **json, struct error *err);
MUST_CHECK int webhooks_delete(struct db_conn *conn, int64_t pk, struct error *err);

/* The message of a test: a job that somebody waits for. NOT_FOUND. */
MUST_CHECK int webhooks_compose_test(struct db_conn *conn, int64_t pk, int64_t deadline_unix_ms,
	struct arena *arena, struct job_message *out, struct error *err);
/* Sends it and waits. The answer as JSON: {delivered, status, answer, error, elapsed_ms}. */
MUST_CHECK int webhooks_test(struct job_post *post, const struct job_message *job, struct arena *arena,
	const char **json, struct error *err);

#endif
