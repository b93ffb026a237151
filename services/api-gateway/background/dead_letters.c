/* SPDX-License-Identifier: MIT */
#include "background/dead_letters.h"

#include "common/arena.h"
#include "common/bus.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "db/pool.h"
#include "domain/record.h"
#include "domain/tokens.h"
#include "schemas/bus_names.h"
#include "schemas/job_message.h"

#include <string.h>

enum { DATABASE_MS = 30000, PUBLISH_MS = 15000 };

static const char *first_queue(const struct bus_delivery *delivery)
{
	const char *queue = bus_delivery_header(delivery, "x-first-death-queue");
	return queue ? queue : "";
}

static const char *first_reason(const struct bus_delivery *delivery)
{
	const char *reason = bus_delivery_header(delivery, "x-first-death-reason");
	return reason ? reason : "unknown";
}

static bool is_token_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* The body with stars in place of all that looks like a token, wherever it stands: people and backups read parked
 * messages, and one that nothing could parse may hold a token too. The length stays. */
static const unsigned char *without_tokens(const struct bus_delivery *delivery, struct arena *arena)
{
	if (delivery->length == 0)
		return delivery->body;
	char *body = arena_memdup(arena, delivery->body, delivery->length);
	for (size_t at = 0, run = 0; at < delivery->length; at++) {
		run = is_token_digit(body[at]) ? run + 1 : 0;
		if (run == TOKEN_SIZE - 1)
			memset(body + at + 1 - run, '*', run);
		else if (run > TOKEN_SIZE - 1)
			body[at] = '*';
	}
	return (const unsigned char *)body;
}

/* For people: as it was but for tokens, and where it came from. */
static int park(const struct dead_letter_parts *parts, const struct bus_delivery *delivery,
	struct arena *arena, struct error *err)
{
	const struct bus_header headers[] = {{"x-first-death-queue", first_queue(delivery)},
		{"x-first-death-reason", first_reason(delivery)},
		{delivery->oversized ? "x-body-left-out" : NULL, "larger than 64 MiB"}, {NULL, NULL}};
	const struct bus_message message = {
		.exchange = "",
		.routing_key = BUS_DEAD_PARKED,
		.message_id = *delivery->message_id ? delivery->message_id : NULL,
		.correlation_id = *delivery->correlation_id ? delivery->correlation_id : NULL,
		.reply_to = *delivery->reply_to ? delivery->reply_to : NULL,
		.type = *delivery->type ? delivery->type : NULL,
		.content_type = *delivery->content_type ? delivery->content_type : NULL,
		.headers = headers,
		.persistent = true,
		.mandatory = true,
		.body = without_tokens(delivery, arena),
		.length = delivery->length,
	};
	log_error("a dead letter is parked", LOG_STR("queue", first_queue(delivery)),
		LOG_STR("reason", first_reason(delivery)), LOG_STR("message_id", delivery->message_id));
	return bus_publisher_send(parts->publisher, &message, clock_monotonic_ms() + PUBLISH_MS, err);
}

static int give_up(const struct dead_letter_parts *parts, const struct bus_delivery *delivery,
	const struct job_message *job, struct error *err)
{
	struct error why;
	bool poisonous = strcmp(first_reason(delivery), "delivery_limit") == 0;
	error_set(&why, ERROR_UNAVAILABLE,
		poisonous ? "the broker gave this job up: the workers that took it died, or could not report"
			  : "no worker could take this job");
	log_warn("the broker has given a job up", LOG_STR("job_id", job->id),
		LOG_INT("attempt", job->attempt), LOG_STR("op", job_kind_name(job->kind)),
		LOG_STR("reason", first_reason(delivery)));
	CLEANUP(db_release)
	struct db_conn *conn = db_acquire(parts->pool, clock_monotonic_ms() + DATABASE_MS, err);
	return conn ? record_lost(conn, parts->spool, job->id, job->attempt, &why, err) : -1;
}

int dead_letter_record(const struct dead_letter_parts *parts, const struct bus_delivery *delivery,
	struct arena *arena, struct error *err)
{
	struct job_message job;
	struct error ignored;
	bool is_job = strncmp(first_queue(delivery), BUS_JOBS ".", strlen(BUS_JOBS ".")) == 0;
	if (is_job && job_message_unpack(delivery->body, delivery->length, arena, &job, &ignored) == 0)
		return give_up(parts, delivery, &job, err);
	return park(parts, delivery, arena, err);
}
