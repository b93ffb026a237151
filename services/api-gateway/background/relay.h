/* SPDX-License-Identifier: MIT */
#ifndef BACKGROUND_RELAY_H
#define BACKGROUND_RELAY_H

/*
 * Events to the broker: one gateway publishes them in the order of their seq, and notes up to which one the
 * broker has confirmed. While a batch is on its way the next is read. A broker that is down or blocks delays
 * events; it loses none and blocks nobody. When one is refused, all from it on are sent again.
 */

struct bus_publisher;
struct metric;
struct db_pool;
struct relay;

struct relay *relay_create(struct db_pool *pool, struct bus_publisher *publisher); /* both borrowed */
void relay_free(struct relay *relay);                                              /* NULL is accepted */

/* Events published; whether this gateway is the one that does. */
extern struct metric relay_events, relay_leading;

#endif
