/* SPDX-License-Identifier: MIT */
#include "common/bus_connection.h"

#include "common/bus_socket.h"
#include "common/bus_watchdog.h"
#include "common/clock.h"
#include "common/log.h"

#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

static const char SYSTEM_AUTHORITIES[] = "/etc/ssl/certs/ca-certificates.crt";

enum { IDLE_WAIT_MS = 5000 };

void bus_connection_init(struct bus_connection *connection, const struct bus_options *options,
	const struct bus_subscription *subscriptions, size_t channels)
{
	*connection = (struct bus_connection){.options = options, .subscriptions = subscriptions, .fd = -1};
	struct error err;
	if (bus_urls_parse(options->urls, &connection->urls, &err))
		log_error("broker cannot be used", LOG_STR("connection", options->name), LOG_ERROR(&err));
	connection->watchdog = bus_watchdog_create();
	bus_incoming_init(&connection->incoming, BUS_CHANNEL_FIRST + channels);
	connection->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (connection->wake_fd < 0) {
		perror("eventfd");
		abort();
	}
}

/* Without a word to the broker or the log. */
static void drop(struct bus_connection *connection)
{
	bus_watchdog_disarm(connection->watchdog);
	bus_watchdog_guard(connection->watchdog, -1);
	if (connection->amqp)
		amqp_destroy_connection(connection->amqp);
	connection->amqp = NULL;
	if (connection->fd >= 0)
		close(connection->fd);
	connection->fd = -1;
	bus_incoming_reset(&connection->incoming);
}

void bus_connection_release(struct bus_connection *connection)
{
	drop(connection);
	bus_watchdog_free(connection->watchdog);
	bus_incoming_release(&connection->incoming);
	bus_urls_release(&connection->urls);
	close(connection->wake_fd);
}

__attribute__((format(printf, 2, 3))) static int fail(
	struct bus_connection *connection, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(connection->reason, sizeof(connection->reason), format, args);
	va_end(args);
	return -1;
}

/* For a status of the library's. */
static int fail_status(struct bus_connection *connection, int status)
{
	bool fired = bus_watchdog_fired(connection->watchdog);
	return fail(connection, "%s",
		fired ? "the broker did not read or answer in time" : amqp_error_string2(status));
}

/* What the broker says in a close method, kept as the reason. */
static void keep_close(struct bus_connection *connection, unsigned code, amqp_bytes_t text)
{
	int length = text.len < 200 ? (int)text.len : 200;
	fail(connection, "%u %.*s", code, length, (const char *)text.bytes);
}

static int answer_exception(struct bus_connection *connection, uint16_t channel, const amqp_method_t *method)
{
	if (method->id == AMQP_CHANNEL_CLOSE_METHOD) {
		const amqp_channel_close_t *closed = method->decoded;
		keep_close(connection, closed->reply_code, closed->reply_text);
		amqp_channel_close_ok_t reply = {0};
		int status =
			amqp_send_method(connection->amqp, channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &reply);
		return status == AMQP_STATUS_OK ? 1 : fail_status(connection, status);
	}
	if (method->id == AMQP_CONNECTION_CLOSE_METHOD) {
		const amqp_connection_close_t *closed = method->decoded;
		keep_close(connection, closed->reply_code, closed->reply_text);
		return -1;
	}
	return fail(connection, "unexpected answer %#" PRIx32, method->id);
}

static int answer(struct bus_connection *connection, uint16_t channel, const amqp_rpc_reply_t *reply)
{
	switch (reply->reply_type) {
	case AMQP_RESPONSE_NORMAL:
		return 0;
	case AMQP_RESPONSE_SERVER_EXCEPTION:
		return answer_exception(connection, channel, &reply->reply);
	default:
		return fail_status(connection, reply->library_error);
	}
}

int bus_connection_answer(struct bus_connection *connection, uint16_t channel)
{
	amqp_rpc_reply_t reply = amqp_get_rpc_reply(connection->amqp);
	int result = answer(connection, channel, &reply);
	return result < 0 ? bus_connection_lose(connection) : result;
}

int bus_connection_sent(struct bus_connection *connection, int status)
{
	if (status == AMQP_STATUS_OK)
		return 0;
	fail_status(connection, status);
	return bus_connection_lose(connection);
}

void bus_connection_begin(struct bus_connection *connection, int limit_ms)
{
	bus_watchdog_arm(connection->watchdog, limit_ms);
}

void bus_connection_end(struct bus_connection *connection)
{
	bus_watchdog_disarm(connection->watchdog);
}

void bus_connection_gather(struct bus_connection *connection, bool gather)
{
	int value = gather;
	if (connection->fd >= 0)
		(void)setsockopt(connection->fd, IPPROTO_TCP, TCP_CORK, &value, sizeof(value));
}

static amqp_table_entry_t text_entry(const char *name, const char *value)
{
	return (amqp_table_entry_t){.key = amqp_cstring_bytes(name),
		.value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes(value)}};
}

static amqp_table_entry_t flag_entry(const char *name)
{
	return (amqp_table_entry_t){.key = amqp_cstring_bytes(name),
		.value = {.kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1}};
}

/* Without these capabilities the broker would stop reading, or end a subscription, without saying so. */
static int login(struct bus_connection *connection, const struct bus_url *url)
{
	amqp_table_entry_t capabilities[] = {flag_entry("connection.blocked"),
		flag_entry("consumer_cancel_notify"), flag_entry("basic.nack"),
		flag_entry("publisher_confirms")};
	amqp_table_entry_t properties[] = {text_entry("connection_name", connection->options->name),
		text_entry("product", "Mediastore"),
		{.key = amqp_cstring_bytes("capabilities"),
			.value = {.kind = AMQP_FIELD_KIND_TABLE, .value.table = {4, capabilities}}}};
	const amqp_table_t table = {3, properties};
	amqp_rpc_reply_t reply = amqp_login_with_properties(connection->amqp, url->vhost, 0,
		AMQP_DEFAULT_FRAME_SIZE, connection->options->heartbeat_s, &table, AMQP_SASL_METHOD_PLAIN,
		url->user, url->password);
	return answer(connection, 0, &reply);
}

/* The library's socket, over which nothing has gone yet. Its descriptor is ours to connect, but with TLS
 * the library connects it. */
static amqp_socket_t *open_tcp(struct bus_connection *connection, const struct bus_url *url)
{
	struct error err;
	int fd = bus_socket_connect(
		url->host, url->port, clock_monotonic_ms() + BUS_CONNECT_MS, connection->watchdog, &err);
	if (fd < 0) {
		fail(connection, "%s", err.cause);
		return NULL;
	}
	amqp_socket_t *socket = amqp_tcp_socket_new(connection->amqp);
	if (socket) {
		amqp_tcp_socket_set_sockfd(socket, fd); /* the library's now */
		return socket;
	}
	close(fd);
	fail(connection, "out of memory");
	return NULL;
}

/* Certificate and host name are verified: the library's default, written down. */
static int prepare_tls(const struct bus_tls *tls, amqp_socket_t *socket)
{
	amqp_ssl_socket_set_verify_peer(socket, 1);
	amqp_ssl_socket_set_verify_hostname(socket, 1);
	int status = amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST);
	if (status == AMQP_STATUS_OK)
		status = amqp_ssl_socket_set_cacert(socket, tls->ca_file ? tls->ca_file : SYSTEM_AUTHORITIES);
	if (status == AMQP_STATUS_OK && tls->cert_file)
		status = amqp_ssl_socket_set_key(
			socket, tls->cert_file, tls->key_file ? tls->key_file : tls->cert_file);
	return status;
}

static amqp_socket_t *open_tls(struct bus_connection *connection, const struct bus_url *url)
{
	const struct timeval limit = {.tv_sec = BUS_CONNECT_MS / 1000};
	amqp_socket_t *socket = amqp_ssl_socket_new(connection->amqp);
	int status = socket ? prepare_tls(&connection->options->tls, socket) : AMQP_STATUS_NO_MEMORY;
	if (status == AMQP_STATUS_OK)
		status = amqp_socket_open_noblock(socket, url->host, url->port, &limit);
	if (status == AMQP_STATUS_OK)
		return socket;
	fail(connection, "TLS: %s", amqp_error_string2(status));
	return NULL;
}

static int attach(struct bus_connection *connection, const struct bus_url *url)
{
	const struct timeval limit = {.tv_sec = BUS_RPC_MS / 1000};
	connection->amqp = amqp_new_connection();
	if (!connection->amqp)
		return fail(connection, "out of memory");
	if (!(url->tls ? open_tls : open_tcp)(connection, url))
		return -1;
	amqp_set_handshake_timeout(connection->amqp, &limit);
	amqp_set_rpc_timeout(connection->amqp, &limit);
	connection->fd = fcntl(amqp_get_sockfd(connection->amqp), F_DUPFD_CLOEXEC, 0);
	if (connection->fd < 0)
		return fail(connection, "%s", strerror(errno));
	bus_watchdog_guard(connection->watchdog, connection->fd);
	return 0;
}

static int open_url(struct bus_connection *connection, const struct bus_url *url)
{
	if (attach(connection, url))
		return -1;
	bus_watchdog_arm(connection->watchdog, BUS_STALL_MS);
	if (login(connection, url))
		return -1;
	amqp_channel_open(connection->amqp, BUS_CHANNEL_CONTROL);
	amqp_rpc_reply_t reply = amqp_get_rpc_reply(connection->amqp);
	if (answer(connection, BUS_CHANNEL_CONTROL, &reply))
		return -1;
	bus_watchdog_disarm(connection->watchdog);
	return 0;
}

static const char *address(const struct bus_url *url, char out[300])
{
	snprintf(out, 300, "%s:%d", url->host, url->port);
	return out;
}

static void complain(struct bus_connection *connection, const struct bus_url *url)
{
	int64_t now = clock_monotonic_ms();
	if (now < connection->complain_ms)
		return;
	connection->complain_ms = now + BUS_COMPLAIN_MS;
	char where[300];
	log_warn("broker unreachable, trying on", LOG_STR("connection", connection->options->name),
		LOG_STR("broker", address(url, where)), LOG_STR("cause", connection->reason));
}

int bus_connection_open(struct bus_connection *connection)
{
	for (size_t tried = 0; tried < connection->urls.count; tried++) {
		const struct bus_url *url = &connection->urls.list[connection->url];
		if (open_url(connection, url) == 0) {
			char where[300];
			connection->opened_ms = clock_monotonic_ms();
			connection->complain_ms = 0;
			log_info("broker connected", LOG_STR("connection", connection->options->name),
				LOG_STR("broker", address(url, where)), LOG_STR("vhost", url->vhost));
			return bus_topology_declare(connection);
		}
		drop(connection);
		complain(connection, url);
		connection->url = (connection->url + 1) % connection->urls.count;
	}
	return -1;
}

int bus_connection_lose(struct bus_connection *connection)
{
	const struct bus_url *url = &connection->urls.list[connection->url];
	char where[300];
	log_warn("broker connection lost", LOG_STR("connection", connection->options->name),
		LOG_STR("broker", address(url, where)), LOG_STR("cause", connection->reason));
	drop(connection);
	connection->url = (connection->url + 1) % connection->urls.count;
	return -1;
}

void bus_connection_close(struct bus_connection *connection)
{
	if (!connection->amqp)
		return;
	const struct timeval limit = {.tv_sec = BUS_CLOSE_MS / 1000};
	amqp_set_rpc_timeout(connection->amqp, &limit);
	bus_watchdog_arm(connection->watchdog, BUS_CLOSE_MS);
	amqp_connection_close(connection->amqp, AMQP_REPLY_SUCCESS);
	drop(connection);
	log_info("broker connection closed", LOG_STR("connection", connection->options->name));
}

/* What has to be answered is answered here, so that the owners only see what has become of it. */
static int answer_event(struct bus_connection *connection, const struct bus_event *event)
{
	if (event->kind == BUS_EVENT_CHANNEL_CLOSED) {
		amqp_channel_close_ok_t ok = {0};
		fail(connection, "%s", event->text);
		return amqp_send_method(connection->amqp, event->channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);
	}
	if (event->kind == BUS_EVENT_CLOSED) {
		amqp_connection_close_ok_t ok = {0};
		amqp_send_method(connection->amqp, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &ok);
	}
	return AMQP_STATUS_OK;
}

int bus_connection_next(struct bus_connection *connection, struct bus_event *event)
{
	struct timeval now = {0};
	for (;;) {
		amqp_frame_t frame;
		bus_watchdog_arm(connection->watchdog, BUS_STALL_MS); /* it may write a heartbeat */
		int status = amqp_simple_wait_frame_noblock(connection->amqp, &frame, &now);
		bus_watchdog_disarm(connection->watchdog);
		if (status == AMQP_STATUS_TIMEOUT)
			return 0;
		if (status != AMQP_STATUS_OK)
			return bus_connection_sent(connection, status);
		int got = bus_incoming_frame(&connection->incoming, &frame, event);
		amqp_maybe_release_buffers_on_channel(connection->amqp, frame.channel);
		if (got < 0)
			return bus_connection_sent(connection, AMQP_STATUS_UNEXPECTED_STATE);
		if (got == 0)
			continue;
		bus_watchdog_arm(connection->watchdog, BUS_STALL_MS);
		status = answer_event(connection, event);
		bus_watchdog_disarm(connection->watchdog);
		if (event->kind != BUS_EVENT_CLOSED)
			return bus_connection_sent(connection, status) ? -1 : 1;
		fail(connection, "%s", event->text);
		return bus_connection_lose(connection);
	}
}

void bus_connection_wait(struct bus_connection *connection, int64_t timeout_ms)
{
	/* what the library has read already makes no socket readable */
	if (connection->amqp &&
		(amqp_frames_enqueued(connection->amqp) || amqp_data_in_buffer(connection->amqp)))
		return;
	int64_t limit = IDLE_WAIT_MS;
	if (connection->amqp && amqp_get_heartbeat(connection->amqp) > 0)
		limit = amqp_get_heartbeat(connection->amqp) * 1000 / 4;
	if (timeout_ms < 0)
		timeout_ms = 0;
	struct pollfd ready[] = {
		{.fd = connection->wake_fd, .events = POLLIN}, {.fd = connection->fd, .events = POLLIN}};
	if (poll(ready, 2, (int)(timeout_ms < limit ? timeout_ms : limit)) <= 0 || !ready[0].revents)
		return;
	uint64_t count;
	if (read(connection->wake_fd, &count, sizeof(count)) < 0)
		return; /* drained by a wait before */
}

void bus_connection_wake(struct bus_connection *connection)
{
	uint64_t one = 1;
	if (write(connection->wake_fd, &one, sizeof(one)) < 0)
		return; /* full of wakes already */
}

void bus_connection_abort(struct bus_connection *connection)
{
	bus_watchdog_trip(connection->watchdog);
	bus_connection_wake(connection);
}
