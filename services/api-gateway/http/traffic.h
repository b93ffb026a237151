/* SPDX-License-Identifier: MIT */
#ifndef HTTP_TRAFFIC_H
#define HTTP_TRAFFIC_H

/* What was asked and answered: requests by route and status, and how long they took by route, for GET /metrics.
 * Lock-free. */

#include <stdint.h>

struct buf;
struct route;
struct traffic;

/* For the routes of a table, which is borrowed. */
struct traffic *traffic_create(const struct route *table);
void traffic_free(struct traffic *traffic); /* NULL is accepted */

/* route NULL: no route fits. traffic NULL: not counted. */
void traffic_count(struct traffic *traffic, const struct route *route, int status, int64_t ms);
/* In the Prometheus format; what never happened is left out. */
void traffic_print(const struct traffic *traffic, struct buf *out);

#endif
