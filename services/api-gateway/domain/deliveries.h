/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_DELIVERIES_H
#define DOMAIN_DELIVERIES_H

/* From committed events to what is sent to webhooks. */

#include "db/delivery_repo.h"
#include "schemas/job_message.h"

struct webhook_target;

/* For webhooks that are behind: deliveries of the events that they want, a batch each, while fewer than pending_max wait.
 * *more: some are behind still. */
MUST_CHECK int deliveries_walk(struct db_conn *conn, int64_t pending_max, bool *more, struct error *err);

/* The message of a delivery's job. NOT_FOUND, GONE: webhook or event are not there any more. */
MUST_CHECK int deliveries_compose(struct db_conn *conn, const struct job_row *job,
	const struct delivery_row *delivery, struct arena *arena, struct job_message *out, struct error *err);

/* The same of any JSON text, under that message id. */
void deliveries_message(const struct webhook_target *target, const char *message_id, const char *body,
	size_t length, struct job_message *out);

/* A delivery that has ended is tried anew: NOT_FOUND, CONFLICT it has not ended, GONE its event is no longer kept. */
MUST_CHECK int deliveries_resend(struct db_conn *conn, int64_t webhook, int64_t pk, struct error *err);

#endif
