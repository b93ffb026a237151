/* SPDX-License-Identifier: MIT */
#include "common/bus.h"

#include "common/bus_connection.h"
#include "common/cleanup.h"

static int ask(struct bus_connection *connection, const char *queue, int *consumers, struct error *err)
{
	amqp_bytes_t name = amqp_cstring_bytes(queue);
	amqp_queue_declare_ok_t *ok =
		amqp_queue_declare(connection->amqp, BUS_CHANNEL_CONTROL, name, 1, 0, 0, 0, amqp_empty_table);
	int found = ok ? (int)ok->consumer_count : 0;
	if (bus_connection_answer(connection, BUS_CHANNEL_CONTROL) < 0)
		return error_set_cause(err, ERROR_UNAVAILABLE, "%s", connection->reason);
	*consumers = found; /* refused: there is no such queue, so nobody consumes it */
	bus_connection_close(connection);
	return 0;
}

int bus_queue_consumers(
	const struct bus_options *options, const char *queue, int *consumers, struct error *err)
{
	struct bus_options quiet = *options;
	quiet.topology = (struct bus_topology){0};
	CLEANUP(bus_connection_release) struct bus_connection connection;
	bus_connection_init(&connection, &quiet, NULL, 0);
	if (bus_connection_open(&connection))
		return error_set_cause(err, ERROR_UNAVAILABLE, "%s", connection.reason);
	return ask(&connection, queue, consumers, err);
}
