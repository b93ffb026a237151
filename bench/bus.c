/* SPDX-License-Identifier: MIT */
/*
 * The floor under events: rabbitmq-c alone, publishing with confirms, and a subscriber for both sides.
 *	bench-bus publish URL EXCHANGE KEY COUNT SIZE WINDOW     prints messages per second, until the last confirm
 *	bench-bus consume URL EXCHANGE KEY COUNT                 prints "ready", then when the last one came (Unix, s)
 * Messages look like events: six headers, persistent. Neither waits longer than two minutes.
 */
#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CHANNEL = 1, PATIENCE_S = 120, PREFETCH = 1000, ACK_EVERY = 100 };

static double now(clockid_t clock)
{
	struct timespec at;
	clock_gettime(clock, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void must(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "bench-bus: %s failed\n", what);
	exit(1);
}

static amqp_connection_state_t connect_to(char *url)
{
	struct amqp_connection_info info;
	must(amqp_parse_url(url, &info) == AMQP_STATUS_OK, "the URL");
	amqp_connection_state_t connection = amqp_new_connection();
	amqp_socket_t *socket = amqp_tcp_socket_new(connection);
	must(amqp_socket_open(socket, info.host, info.port) == AMQP_STATUS_OK, "connecting");
	amqp_rpc_reply_t reply = amqp_login(
		connection, info.vhost, 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, info.user, info.password);
	must(reply.reply_type == AMQP_RESPONSE_NORMAL, "login");
	must(amqp_channel_open(connection, CHANNEL) != NULL, "opening a channel");
	return connection;
}

/* How many are confirmed now; waits for one frame at least. */
static uint64_t read_confirm(amqp_connection_state_t connection, uint64_t confirmed)
{
	amqp_frame_t frame;
	struct timeval patience = {PATIENCE_S, 0};
	amqp_maybe_release_buffers(connection);
	must(amqp_simple_wait_frame_noblock(connection, &frame, &patience) == AMQP_STATUS_OK, "a confirm");
	must(frame.frame_type == AMQP_FRAME_METHOD && frame.payload.method.id == AMQP_BASIC_ACK_METHOD,
		"a confirm");
	const amqp_basic_ack_t *ack = frame.payload.method.decoded;
	return ack->multiple ? ack->delivery_tag : confirmed + 1;
}

static void publish(char **arguments)
{
	amqp_connection_state_t connection = connect_to(arguments[0]);
	uint64_t count = strtoull(arguments[3], NULL, 10), window = strtoull(arguments[5], NULL, 10);
	size_t size = strtoull(arguments[4], NULL, 10);
	char *body = malloc(size + 1);
	memset(body, 'x', size);
	amqp_table_entry_t headers[6];
	for (int i = 0; i < 6; i++)
		headers[i] = (amqp_table_entry_t){.key = amqp_cstring_bytes("cloudEvents:something"),
			.value = {.kind = AMQP_FIELD_KIND_UTF8,
				.value.bytes = amqp_cstring_bytes("mediastore.something.updated")}};
	amqp_basic_properties_t properties = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG |
							AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG,
		.delivery_mode = 2,
		.message_id = amqp_cstring_bytes("00000000-0000-0000-0000-000000000000"),
		.headers = {6, headers}};
	amqp_confirm_select(connection, CHANNEL);
	double started = now(CLOCK_MONOTONIC);
	uint64_t sent = 0, confirmed = 0;
	while (confirmed < count) {
		if (sent < count && sent - confirmed < window) {
			must(amqp_basic_publish(connection, CHANNEL, amqp_cstring_bytes(arguments[1]),
				     amqp_cstring_bytes(arguments[2]), 0, 0, &properties,
				     (amqp_bytes_t){size, body}) == AMQP_STATUS_OK,
				"publishing");
			sent++;
			continue;
		}
		confirmed = read_confirm(connection, confirmed);
	}
	printf("%.1f\n", (double)count / (now(CLOCK_MONOTONIC) - started));
	free(body);
	amqp_destroy_connection(connection);
}

static void consume(char **arguments)
{
	amqp_connection_state_t connection = connect_to(arguments[0]);
	uint64_t count = strtoull(arguments[3], NULL, 10);
	amqp_queue_declare_ok_t *queue =
		amqp_queue_declare(connection, CHANNEL, amqp_empty_bytes, 0, 0, 1, 1, amqp_empty_table);
	must(queue != NULL, "declaring a queue");
	amqp_bytes_t name = amqp_bytes_malloc_dup(queue->queue);
	must(amqp_queue_bind(connection, CHANNEL, name, amqp_cstring_bytes(arguments[1]),
		     amqp_cstring_bytes(arguments[2]), amqp_empty_table) != NULL,
		"binding");
	amqp_basic_qos(connection, CHANNEL, 0, PREFETCH, 0);
	must(amqp_basic_consume(connection, CHANNEL, name, amqp_empty_bytes, 0, 0, 0, amqp_empty_table) !=
			NULL,
		"consuming");
	puts("ready");
	fflush(stdout);
	for (uint64_t i = 1; i <= count; i++) {
		amqp_envelope_t envelope;
		struct timeval patience = {PATIENCE_S, 0};
		amqp_maybe_release_buffers(connection);
		amqp_rpc_reply_t reply = amqp_consume_message(connection, &envelope, &patience, 0);
		must(reply.reply_type == AMQP_RESPONSE_NORMAL, "a message");
		if (i % ACK_EVERY == 0 || i == count)
			amqp_basic_ack(connection, CHANNEL, envelope.delivery_tag, 1);
		amqp_destroy_envelope(&envelope);
	}
	printf("%.6f\n", now(CLOCK_REALTIME));
	amqp_bytes_free(name);
	amqp_destroy_connection(connection);
}

int main(int argc, char **argv)
{
	if (argc == 8 && strcmp(argv[1], "publish") == 0)
		publish(argv + 2);
	else if (argc == 6 && strcmp(argv[1], "consume") == 0)
		consume(argv + 2);
	else
		return 2;
	return 0;
}
