/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_EVENT_MESSAGE_H
#define DOMAIN_EVENT_MESSAGE_H

/* An event as CloudEvents 1.0 has it: over AMQP in binary mode, and as JSON. */

struct arena;
struct buf;
struct bus_message;
struct event_row;

/* On its exchange by its routing key; lent by the arena and the event. */
void event_message(const struct event_row *event, struct arena *arena, struct bus_message *out);
/* Appends the JSON event format: {specversion, id, source, type, subject?, time, datacontenttype, sequence,
 * routingkey, data}. */
void event_json(const struct event_row *event, struct buf *out);

#endif
