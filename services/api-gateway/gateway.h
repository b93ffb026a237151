/* SPDX-License-Identifier: MIT */
#ifndef GATEWAY_H
#define GATEWAY_H

/*
 * What the gateway is made of, as the handlers see it: app.c builds the parts in order and owns them;
 * everybody else borrows. Written before the first request is served, then read only, so that it needs no
 * lock; the parts lock themselves.
 */

#include "common/error.h"
#include "common/seal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct auth;
struct budget;
struct buf;
struct bus_publisher;
struct config;
struct cors;
struct coverage;
struct db_pool;
struct event_feed;
struct login_limit;
struct media_reader;
struct once;
struct proxies;
struct router;
struct schema_set;
struct traffic;
struct transfer;
struct job_post;
struct url_list;

/* One thing that must work before requests are welcome: a row of GET /readyz. */
struct gateway_probe {
	const char *name; /* "database", "broker.results"; NULL ends a list */
	/* Quick (no network wait beyond its own short deadline). 0: works; -1: *err says what does not. */
	int (*check)(void *context, struct error *err);
	void *context;
};

/* Appends what it knows to an answer. */
struct gateway_view {
	void (*print)(void *context, struct buf *out);
	void *context;
};

struct gateway {
	const struct config *config;
	struct db_pool *pool;
	struct db_pool *lists; /* connections of their own for what streams to clients, who may be slow */
	struct media_reader *reader; /* NULL: reads take a connection of the pool each */
	const struct schema_set *schemas;
	const struct router *router;
	struct auth *auth;
	struct login_limit *login_limit; /* NULL: none */
	struct once *once;               /* NULL: Idempotency-Key is not looked at */
	struct event_feed *events;
	struct bus_publisher *publisher;
	struct transfer *transfer;
	struct job_post *post;
	const struct url_list *sources; /* what may be fetched on somebody's behalf */
	const struct gateway_probe *probes;
	struct gateway_view workers;   /* JSON: how many take from each job queue. print NULL: not known */
	struct gateway_view metrics;   /* Prometheus text */
	struct traffic *traffic;       /* NULL: requests are not counted */
	const struct cors *cors;       /* NULL: no page of another origin */
	const struct proxies *proxies; /* NULL: X-Forwarded-For is not believed */
	struct budget *transfers;      /* streams at once; NULL: any number */
	struct budget *bodies;         /* bytes of JSON bodies at once; NULL: any number */

	unsigned char secret_key[SEAL_KEY_SIZE]; /* of MEDIASTORE_SECRET_KEY: seals S3 secrets */
	size_t body_max;                         /* of a JSON body, in bytes */
	int json_depth;                          /* how deep one may be nested; 0: 256 */
	size_t string_max;                       /* of a JSON body, in bytes; 0: any */
	size_t small_body_max;                   /* where a few fields are expected; 0: SMALL_BODY_MAX */
	size_t list_max;                         /* elements of a list in a body; 0: any number */
	int64_t request_deadline_ms; /* for a JSON body to arrive, and for an answer to be taken; 0: none */
	int64_t pace_window_ms,
		pace_bytes; /* what the client of a transfer must move at least; 0: anything */
	int64_t token_lifetime_ms;
	int64_t database_timeout_ms; /* how long a metadata request may wait for PostgreSQL */
	const char *openapi;         /* the document as it is served */
	size_t openapi_length;

	bool check_replies; /* tests: a JSON reply that does not fit its route's schema becomes a 500 */
	struct coverage *coverage; /* tests: where each reply is noted; NULL: nowhere */
};

#endif
