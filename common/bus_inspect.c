/* SPDX-License-Identifier: MIT */
#include "common/bus.h"

#include "common/bus_connection.h"
#include "common/cleanup.h"
#include "common/memory.h"

struct bus_inspector {
	struct bus_options options;
	struct bus_connection connection;
	bool open;
};

struct bus_inspector *bus_inspector_create(const struct bus_options *options)
{
	struct bus_inspector *inspector = memory_alloc(sizeof(*inspector));
	inspector->options = *options;
	inspector->options.topology = (struct bus_topology){0};
	bus_connection_init(&inspector->connection, &inspector->options, NULL, 0);
	return inspector;
}

void bus_inspector_free(struct bus_inspector *inspector)
{
	if (!inspector)
		return;
	if (inspector->open)
		bus_connection_close(&inspector->connection);
	bus_connection_release(&inspector->connection);
	free(inspector);
}

/* A queue that does not exist is refused, and the channel with it. */
static int reopen_channel(struct bus_connection *connection)
{
	amqp_channel_open(connection->amqp, BUS_CHANNEL_CONTROL);
	return bus_connection_answer(connection, BUS_CHANNEL_CONTROL);
}

static int ask(struct bus_connection *connection, struct bus_queue_state *queue)
{
	amqp_bytes_t name = amqp_cstring_bytes(queue->name);
	amqp_queue_declare_ok_t *ok =
		amqp_queue_declare(connection->amqp, BUS_CHANNEL_CONTROL, name, 1, 0, 0, 0, amqp_empty_table);
	struct bus_queue_state found = {.name = queue->name, .exists = ok != NULL};
	if (ok) {
		found.consumers = (int)ok->consumer_count;
		found.messages = ok->message_count;
	}
	int refused = bus_connection_answer(connection, BUS_CHANNEL_CONTROL);
	if (refused < 0 || (refused > 0 && reopen_channel(connection) != 0))
		return -1;
	*queue = found;
	return 0;
}

int bus_inspector_look(
	struct bus_inspector *inspector, struct bus_queue_state *queues, size_t count, struct error *err)
{
	struct bus_connection *connection = &inspector->connection;
	if (!inspector->open && bus_connection_open(connection))
		return error_set_cause(err, ERROR_UNAVAILABLE, "%s", connection->reason);
	inspector->open = true;
	for (size_t i = 0; i < count; i++) {
		if (ask(connection, &queues[i]) == 0)
			continue;
		inspector->open = false;
		return error_set_cause(err, ERROR_UNAVAILABLE, "%s", connection->reason);
	}
	return 0;
}

int bus_queue_consumers(
	const struct bus_options *options, const char *queue, int *consumers, struct error *err)
{
	struct bus_queue_state state = {.name = queue};
	struct bus_inspector *inspector = bus_inspector_create(options);
	int result = bus_inspector_look(inspector, &state, 1, err);
	bus_inspector_free(inspector);
	if (result == 0)
		*consumers = state.consumers;
	return result;
}
