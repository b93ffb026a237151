/* SPDX-License-Identifier: MIT */
#include "common/bus_connection.h"

#include "common/clock.h"
#include "common/log.h"

#include <amqp_framing.h>
#include <string.h>

/*
 * Declarations go one by one on the control channel. The broker answers one that it refuses (arguments
 * differ from what is there, no permission) by closing the channel: that is an error line naming the
 * object, a new channel, and on with the next, because a service that runs with what is there is better
 * than one that does not start.
 *
 * What earlier versions have declared under names that are no longer used goes, but only as long as the broker finds
 * it empty and unused: an older service may still be at work beside us, and no message is anybody's to throw away.
 */

static amqp_bytes_t bytes(const char *text)
{
	return amqp_cstring_bytes(text);
}

static bool may_complain(struct bus_connection *connection)
{
	return clock_monotonic_ms() >= connection->complain_topology_ms;
}

/* 1: refused, on a new channel · 0: done · -1: connection lost */
static int answered(struct bus_connection *connection)
{
	int answer = bus_connection_answer(connection, BUS_CHANNEL_CONTROL);
	if (answer < 0)
		return -1;
	bus_connection_begin(connection, BUS_STALL_MS); /* the limit is for each, not for all */
	if (answer == 0)
		return 0;
	amqp_channel_open(connection->amqp, BUS_CHANNEL_CONTROL);
	char reason[sizeof(connection->reason)];
	memcpy(reason, connection->reason, sizeof(reason));
	answer = bus_connection_answer(connection, BUS_CHANNEL_CONTROL);
	if (answer != 0)
		return answer < 0 ? -1 : bus_connection_lose(connection);
	memcpy(connection->reason, reason, sizeof(reason));
	return 1;
}

/* 0: declared or passed over · -1: connection lost */
static int checked(struct bus_connection *connection, const char *what, const char *name)
{
	int answer = answered(connection);
	if (answer == 1 && may_complain(connection))
		log_error("broker refused a declaration", LOG_STR("connection", connection->options->name),
			LOG_STR("object", what), LOG_STR("name", name), LOG_STR("cause", connection->reason));
	return answer < 0 ? -1 : 0;
}

static int declare_exchange(struct bus_connection *connection, const struct bus_exchange *exchange)
{
	amqp_exchange_declare(connection->amqp, BUS_CHANNEL_CONTROL, bytes(exchange->name),
		bytes(exchange->type), 0, exchange->durable, 0, 0, amqp_empty_table);
	return checked(connection, "exchange", exchange->name);
}

static amqp_table_entry_t text_argument(const char *name, const char *value)
{
	return (amqp_table_entry_t){
		.key = bytes(name), .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = bytes(value)}};
}

static amqp_table_entry_t number_argument(const char *name, int64_t value)
{
	return (amqp_table_entry_t){
		.key = bytes(name), .value = {.kind = AMQP_FIELD_KIND_I64, .value.i64 = value}};
}

/* What the broker says when it ends the connection. */
static void note_refusal(struct bus_connection *connection, const struct bus_queue *queue)
{
	if (queue->durable || queue->exclusive || !strstr(connection->reason, "transient_nonexcl_queues"))
		return;
	connection->takes_no_transient = true;
	log_warn("the broker takes no transient queues, so they will be quorum queues",
		LOG_STR("connection", connection->options->name), LOG_STR("name", queue->name));
}

static int declare_queue(struct bus_connection *connection, const struct bus_queue *queue)
{
	amqp_table_entry_t entries[5];
	amqp_table_t arguments = {0, entries};
	bool instead = connection->takes_no_transient && !queue->durable && !queue->exclusive;
	if (queue->quorum || instead)
		entries[arguments.num_entries++] = text_argument("x-queue-type", "quorum");
	if (queue->dead_letter_exchange)
		entries[arguments.num_entries++] =
			text_argument("x-dead-letter-exchange", queue->dead_letter_exchange);
	if (queue->quorum && queue->delivery_limit)
		entries[arguments.num_entries++] = number_argument("x-delivery-limit", queue->delivery_limit);
	if (queue->expires_ms)
		entries[arguments.num_entries++] = number_argument("x-expires", queue->expires_ms);
	if (queue->single_active_consumer)
		entries[arguments.num_entries++] =
			(amqp_table_entry_t){.key = bytes("x-single-active-consumer"),
				.value = {.kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1}};
	amqp_queue_declare(connection->amqp, BUS_CHANNEL_CONTROL, bytes(queue->name), 0,
		queue->durable || instead, queue->exclusive, queue->auto_delete, arguments);
	int result = checked(connection, "queue", queue->name);
	if (result)
		note_refusal(connection, queue);
	return result;
}

static int declare_binding(struct bus_connection *connection, const struct bus_binding *binding)
{
	const char *key = binding->routing_key ? binding->routing_key : "";
	if (binding->to_exchange)
		amqp_exchange_bind(connection->amqp, BUS_CHANNEL_CONTROL, bytes(binding->destination),
			bytes(binding->source), bytes(key), amqp_empty_table);
	else
		amqp_queue_bind(connection->amqp, BUS_CHANNEL_CONTROL, bytes(binding->destination),
			bytes(binding->source), bytes(key), amqp_empty_table);
	return checked(connection, "binding to", binding->destination);
}

/* An exclusive queue belongs to the connection that declares it: only the one that consumes it may. */
static bool is_ours(const struct bus_connection *connection, const struct bus_queue *queue)
{
	if (!queue->exclusive)
		return true;
	for (const struct bus_subscription *s = connection->subscriptions; s && s->queue; s++)
		if (strcmp(s->queue, queue->name) == 0)
			return true;
	return false;
}

static bool binding_is_ours(const struct bus_connection *connection, const struct bus_binding *binding)
{
	const struct bus_queue *queue = connection->options->topology.queues;
	if (binding->to_exchange)
		return true;
	for (; queue && queue->name; queue++)
		if (strcmp(queue->name, binding->destination) == 0)
			return is_ours(connection, queue);
	return true;
}

/* One that is not there is as good as deleted. */
static int delete_former(struct bus_connection *connection, const char *name)
{
	amqp_queue_delete(connection->amqp, BUS_CHANNEL_CONTROL, bytes(name), 1, 1);
	int answer = answered(connection);
	if (answer == 1 && may_complain(connection))
		log_warn("a queue of an earlier version is still in use",
			LOG_STR("connection", connection->options->name), LOG_STR("name", name),
			LOG_STR("cause", connection->reason));
	return answer < 0 ? -1 : 0;
}

static int declare_all(struct bus_connection *connection)
{
	const struct bus_topology *topology = &connection->options->topology;
	for (const struct bus_exchange *e = topology->exchanges; e && e->name; e++)
		if (declare_exchange(connection, e))
			return -1;
	for (const struct bus_queue *q = topology->queues; q && q->name; q++)
		if (is_ours(connection, q) && declare_queue(connection, q))
			return -1;
	for (const struct bus_binding *b = topology->bindings; b && b->source; b++)
		if (binding_is_ours(connection, b) && declare_binding(connection, b))
			return -1;
	for (const char *const *name = topology->former; name && *name; name++)
		if (delete_former(connection, *name))
			return -1;
	return 0;
}

int bus_topology_declare(struct bus_connection *connection)
{
	bus_connection_begin(connection, BUS_STALL_MS);
	int result = declare_all(connection);
	bus_connection_end(connection);
	if (may_complain(connection))
		connection->complain_topology_ms = clock_monotonic_ms() + BUS_COMPLAIN_MS;
	return result;
}
