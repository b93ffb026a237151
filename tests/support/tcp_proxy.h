/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_TCP_PROXY_H
#define SUPPORT_TCP_PROXY_H

/* A thread between a client and a server on loopback, to cut or freeze the connections of the one
 * without touching the other, or to damage what they say, or to hold the parts of an S3 upload back until
 * several of them are on their way at once. */

#include "support/cmocka.h"

#include "common/memory.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TCP_PROXY_PAIRS = 16 };

struct tcp_proxy {
	pthread_t thread;
	int listener, port;
	struct sockaddr_in server;
	int pairs[TCP_PROXY_PAIRS][2]; /* client, server; -1: free */
	_Atomic bool ending, frozen, cut;
	_Atomic bool
		takes_no_transient; /* as RabbitMQ from 4.3 on: a queue neither durable nor exclusive ends the connection */
	_Atomic int refusals;
	_Atomic int gathers;          /* requests of parts that go on only together; 0: each when it comes */
	_Atomic int gatherings;       /* how often that many were there */
	bool waits[TCP_PROXY_PAIRS];  /* the client's request is held back */
	bool passes[TCP_PROXY_PAIRS]; /* it has been held back */
	_Atomic int64_t
		flips_at; /* the byte towards the server, counted from now, that arrives changed; 0: none */
};

static inline void tcp_proxy_close(struct tcp_proxy *proxy, int i)
{
	close(proxy->pairs[i][0]);
	close(proxy->pairs[i][1]);
	proxy->pairs[i][0] = proxy->pairs[i][1] = -1;
	proxy->waits[i] = proxy->passes[i] = false;
}

static inline void tcp_proxy_accept(struct tcp_proxy *proxy)
{
	int client = accept(proxy->listener, NULL, NULL);
	int server = socket(AF_INET, SOCK_STREAM, 0);
	bool linked =
		client >= 0 && connect(server, (struct sockaddr *)&proxy->server, sizeof(proxy->server)) == 0;
	for (int i = 0; linked && i < TCP_PROXY_PAIRS; i++) {
		if (proxy->pairs[i][0] >= 0)
			continue;
		proxy->pairs[i][0] = client;
		proxy->pairs[i][1] = server;
		return;
	}
	close(client);
	close(server);
}

static inline void tcp_proxy_flip(struct tcp_proxy *proxy, char *bytes, ssize_t length)
{
	int64_t at = proxy->flips_at;
	if (at > 0 && at <= length)
		bytes[at - 1] ^= 1;
	if (at > 0)
		proxy->flips_at = at > length ? at - length : 0;
}

/* A request line comes whole, and first: its connection has had the answer to the one before. */
static inline bool tcp_proxy_holds(struct tcp_proxy *proxy, int i)
{
	char line[1025];
	int waiting = 0;
	if (proxy->gathers == 0 || proxy->passes[i])
		return false;
	ssize_t got = recv(proxy->pairs[i][0], line, sizeof(line) - 1, MSG_PEEK | MSG_DONTWAIT);
	line[got > 0 ? got : 0] = '\0';
	if (strncmp(line, "PUT /", 5) != 0 || !strstr(line, "partNumber="))
		return false;
	proxy->waits[i] = true;
	for (int k = 0; k < TCP_PROXY_PAIRS; k++)
		waiting += proxy->waits[k];
	if (waiting < proxy->gathers)
		return true;
	proxy->gatherings++;
	for (int k = 0; k < TCP_PROXY_PAIRS; k++) {
		proxy->passes[k] = proxy->passes[k] || proxy->waits[k];
		proxy->waits[k] = false;
	}
	return true;
}

/* A declaration comes alone: its client waits for the answer. */
static inline bool tcp_proxy_refuses(struct tcp_proxy *proxy, int client, const char *bytes, ssize_t length)
{
	static const char DECLARE[] = {0, 50, 0, 10}, CLOSE[] = {0, 10, 0, 50, 2, 29}; /* 541 */
	static const char WHY[] = "INTERNAL_ERROR - Feature `transient_nonexcl_queues` is deprecated.";
	enum { METHOD = 7, NAME = METHOD + 6, WHY_LENGTH = sizeof(WHY) - 1 };
	if (!proxy->takes_no_transient || length <= NAME || bytes[0] != 1 ||
		memcmp(bytes + METHOD, DECLARE, sizeof(DECLARE)) != 0)
		return false;
	ssize_t flags = NAME + 1 + (unsigned char)bytes[NAME];
	if (flags >= length || bytes[flags] & 7) /* passive, durable, exclusive */
		return false;
	char frame[7 + sizeof(CLOSE) + 1 + WHY_LENGTH + 4 + 1] = {
		1, 0, 0, 0, 0, 0, sizeof(CLOSE) + 1 + WHY_LENGTH + 4};
	memcpy(frame + METHOD, CLOSE, sizeof(CLOSE));
	frame[METHOD + sizeof(CLOSE)] = WHY_LENGTH;
	memcpy(frame + METHOD + sizeof(CLOSE) + 1, WHY, WHY_LENGTH);
	memcpy(frame + sizeof(frame) - 5, DECLARE, sizeof(DECLARE));
	frame[sizeof(frame) - 1] = (char)0xce;
	proxy->refusals++;
	return send(client, frame, sizeof(frame), MSG_NOSIGNAL) > 0;
}

static inline bool tcp_proxy_relay(struct tcp_proxy *proxy, int i, int side)
{
	char bytes[65536];
	if (side == 0 && tcp_proxy_holds(proxy, i))
		return true;
	if (side == 0)
		proxy->passes[i] = false;
	int from = proxy->pairs[i][side], to = proxy->pairs[i][1 - side];
	ssize_t got = recv(from, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (got <= 0)
		return false;
	if (side == 0 && tcp_proxy_refuses(proxy, from, bytes, got))
		return false;
	if (side == 0)
		tcp_proxy_flip(proxy, bytes, got);
	for (ssize_t sent = 0, part; sent < got; sent += part)
		if ((part = send(to, bytes + sent, (size_t)(got - sent), MSG_NOSIGNAL)) <= 0)
			return false;
	return true;
}

static inline void *tcp_proxy_run(void *argument)
{
	struct tcp_proxy *proxy = argument;
	while (!proxy->ending) {
		struct pollfd fds[1 + 2 * TCP_PROXY_PAIRS] = {{.fd = proxy->listener, .events = POLLIN}};
		for (int i = 0; i < 2 * TCP_PROXY_PAIRS; i++)
			fds[1 + i] = (struct pollfd){
				.fd = i % 2 == 0 && proxy->waits[i / 2] ? -1 : proxy->pairs[i / 2][i % 2],
				.events = POLLIN};
		poll(fds, proxy->frozen ? 0 : 1 + 2 * TCP_PROXY_PAIRS, 5);
		for (int i = 0; proxy->cut && i < TCP_PROXY_PAIRS; i++)
			if (proxy->pairs[i][0] >= 0)
				tcp_proxy_close(proxy, i);
		if (proxy->cut || proxy->frozen) {
			proxy->cut = false;
			continue;
		}
		if (fds[0].revents)
			tcp_proxy_accept(proxy);
		for (int i = 0; i < 2 * TCP_PROXY_PAIRS; i++) {
			int *pair = proxy->pairs[i / 2];
			if (fds[1 + i].revents && pair[0] >= 0 && fds[1 + i].fd == pair[i % 2] &&
				!tcp_proxy_relay(proxy, i / 2, i % 2))
				tcp_proxy_close(proxy, i / 2);
		}
	}
	return NULL;
}

static inline struct tcp_proxy *tcp_proxy_create(const char *server_host, int server_port)
{
	struct tcp_proxy *proxy = memory_alloc(sizeof(*proxy));
	memset(proxy->pairs, -1, sizeof(proxy->pairs));
	proxy->server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)server_port)};
	assert_int_equal(inet_pton(AF_INET, server_host, &proxy->server.sin_addr), 1);
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(own);
	int small = 65536; /* so that a client soon feels that nobody reads */
	proxy->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(setsockopt(proxy->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	assert_int_equal(bind(proxy->listener, (struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(listen(proxy->listener, 16), 0);
	assert_int_equal(getsockname(proxy->listener, (struct sockaddr *)&own, &size), 0);
	proxy->port = ntohs(own.sin_port);
	assert_int_equal(pthread_create(&proxy->thread, NULL, tcp_proxy_run, proxy), 0);
	return proxy;
}

static inline void tcp_proxy_free(struct tcp_proxy *proxy)
{
	proxy->ending = true;
	pthread_join(proxy->thread, NULL);
	for (int i = 0; i < TCP_PROXY_PAIRS; i++)
		if (proxy->pairs[i][0] >= 0)
			tcp_proxy_close(proxy, i);
	close(proxy->listener);
	free(proxy);
}

#endif
