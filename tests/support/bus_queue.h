/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_BUS_QUEUE_H
#define SUPPORT_BUS_QUEUE_H

/* Takes a queue away from under its consumers, as a broker node does that goes. */

#include "support/cmocka.h"

#include "common/bus_url.h"

#include <amqp.h>
#include <amqp_tcp_socket.h>

static inline void delete_queue(const char *broker, const char *name)
{
	struct bus_urls urls;
	struct error err;
	assert_int_equal(bus_urls_parse(broker, &urls, &err), 0);
	amqp_connection_state_t amqp = amqp_new_connection();
	assert_int_equal(
		amqp_socket_open(amqp_tcp_socket_new(amqp), urls.list[0].host, urls.list[0].port), 0);
	amqp_login(amqp, urls.list[0].vhost, 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, urls.list[0].user,
		urls.list[0].password);
	amqp_channel_open(amqp, 1);
	assert_non_null(amqp_queue_delete(amqp, 1, amqp_cstring_bytes(name), 0, 0));
	amqp_connection_close(amqp, AMQP_REPLY_SUCCESS);
	amqp_destroy_connection(amqp);
	bus_urls_release(&urls);
}

#endif
