/* SPDX-License-Identifier: MIT */
#ifndef SCHEMAS_BUS_NAMES_H
#define SCHEMAS_BUS_NAMES_H

/*
 * Names on the bus and the tables that declare them: both services declare what they use, in whichever
 * order they start. docs/bus.md is the same for people. Names and tables are lent by the arena, or
 * constant; names given in are borrowed as long.
 */

#include "common/bus.h"
#include "schemas/job_message.h"

struct arena;

#define BUS_JOBS               "mediastore.jobs"
#define BUS_RESULTS            "mediastore.results"
#define BUS_EVENTS             "mediastore.events"
#define BUS_REQUESTS           "mediastore.requests"
#define BUS_DEAD               "mediastore.dead"
#define BUS_EVENTS_FANOUT      "mediastore.events.fanout"
#define BUS_REQUESTS_FANOUT    "mediastore.requests.fanout"
#define BUS_RESULTS_SHARED     "mediastore.results.shared" /* queue; its routing key is "shared" */
#define BUS_RESULTS_SHARED_KEY "shared"
#define BUS_PROGRESS           "mediastore.progress.v2" /* queue; its routing key on BUS_RESULTS is "progress" */
#define BUS_PROGRESS_KEY       "progress"
#define BUS_CONTROL            "mediastore.control"      /* to all workers */
#define BUS_JOBS_DELIVER       "mediastore.jobs.deliver" /* events to webhooks: any worker's */
#define BUS_DEAD_QUEUE         "mediastore.dead.letters"
#define BUS_DEAD_PARKED        "mediastore.dead.parked"      /* dead letters that are no jobs: for people */
#define BUS_REQUESTS_QUEUE     "mediastore.requests.gateway" /* what pipelines ask of the gateways */

/*
 * Under a name the arguments of a queue never change: a broker refuses a declaration that differs from what is there,
 * and services of two versions may run side by side. Where arguments change, the name gets the next version, and the
 * earlier name joins those that are deleted once they are empty and unused. bus_names.c has both in one table.
 */

/* Queue of a job, which is also its routing key on BUS_JOBS: "mediastore.jobs.shared.quick.v2",
 * "mediastore.jobs.site.<site>.background", "mediastore.jobs.ram.<site>.v2" (one for all classes). */
const char *bus_job_queue(struct arena *arena, const struct store_descriptor *store, enum job_class class);
/* The queue of whoever reaches all that the job is about: of a copy, both stores. */
const char *bus_queue_of(struct arena *arena, const struct job_message *job);
/* Whether there is such a one. */
bool bus_reaches_both(const struct store_descriptor *from, const struct store_descriptor *to);
/* The three forms above for a site, for those who consume. */
const char *bus_shared_queue(struct arena *arena, enum job_class class);
const char *bus_site_queue(struct arena *arena, const char *site, enum job_class class);
const char *bus_ram_queue(struct arena *arena, const char *site);

/* A worker's own queue for what is told to all of them. */
const char *bus_control_queue(struct arena *arena, const char *worker_id);

/* All exchanges, the shared job queues, and the queues of results, progress, requests and dead letters. */
struct bus_topology bus_topology_base(struct arena *arena);
/* The base, and what a worker of these sites consumes. `sites` ends with NULL. */
struct bus_topology bus_topology_worker(struct arena *arena, const char *const *sites);
/* The exchange that tells all workers something, and the queue of one (exclusive, auto-delete), bound to it. */
struct bus_topology bus_topology_control(struct arena *arena, const char *control_queue);
/* The base, and the gateway's own reply queue (exclusive, auto-delete), bound to BUS_RESULTS by its own
 * name. */
struct bus_topology bus_topology_gateway(struct arena *arena, const char *reply_queue);

#endif
