/* SPDX-License-Identifier: MIT */
#ifndef MESSAGING_REPLIES_H
#define MESSAGING_REPLIES_H

/*
 * Results that a thread of this gateway waits for, by job id. A result belongs to exactly one: the thread
 * that waits, which then records what it says and settles it, or, when nobody waits (any more), whoever
 * offered it. Thread-safe.
 */

#include "common/bus.h"

struct replies;
struct reply;

struct replies *replies_create(void);
void replies_free(struct replies *replies); /* nobody may wait any more */

/* To be called before the job is published. job_id is borrowed until reply_forget(). */
struct reply *reply_expect(struct replies *replies, const char *job_id);
/* Waits for the result, which the caller then owns and settles. DEADLINE. */
MUST_CHECK int reply_wait(
	struct reply *reply, int64_t deadline_ms, struct bus_delivery **out, struct error *err);
/* Ends the expectation. A result that came meanwhile and was not taken is requeued. NULL is accepted. */
void reply_forget(struct reply *reply);
void reply_cleanup(struct reply **reply); /* for CLEANUP() */

/* True when somebody waits for this delivery's correlation_id and has taken it over. */
bool replies_offer(struct replies *replies, struct bus_delivery *delivery);

#endif
