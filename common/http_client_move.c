/* SPDX-License-Identifier: MIT */
/*
 * curl reads ahead and hands bytes out in small pieces. Where they are only to go from one connection to another, it makes
 * the connection and no more: here the request is written, the head read up to its last byte, and the socket handed over.
 * What is not the plain case (another status, no Content-Length) is run once more the usual way, which a GET allows.
 */
#include "common/http_client_internal.h"

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/http_stream.h"
#include "common/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum { HEAD_MAX = 64 * 1024, PEEK = 16 * 1024, HEADS_MAX = 16 /* with interim ones */ };
static const char SCHEME[] = "http://";
enum { SCHEME_LENGTH = sizeof(SCHEME) - 1 };

struct connection {
	CURL *handle;
	struct http_stream stream;
	struct buf head;
};

static void disconnect(struct connection *connection)
{
	curl_easy_cleanup(connection->handle);
	buf_release(&connection->head);
}

static bool suits(const struct http_client *client, const struct http_call *call)
{
	return call->move && strcmp(call->method, "GET") == 0 && !client->proxy && !client->addresses &&
	       strncasecmp(call->url, SCHEME, SCHEME_LENGTH) == 0 &&
	       !memchr(call->url, '@', strcspn(call->url + SCHEME_LENGTH, "/") + SCHEME_LENGTH);
}

static int connect_to(const struct http_client *client, const struct http_call *call,
	struct connection *connection, struct error *err)
{
	char text[CURL_ERROR_SIZE] = "";
	curl_socket_t found = CURL_SOCKET_BAD;
	connection->handle = curl_easy_init();
	if (!connection->handle)
		return error_set_cause(err, ERROR_INTERNAL, "curl_easy_init failed");
	http_client_set_transport(client, connection->handle);
	curl_easy_setopt(connection->handle, CURLOPT_URL, call->url);
	curl_easy_setopt(connection->handle, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(connection->handle, CURLOPT_ERRORBUFFER, text);
	CURLcode code = curl_easy_perform(connection->handle);
	curl_easy_setopt(connection->handle, CURLOPT_ERRORBUFFER, NULL);
	if (code == CURLE_OK)
		code = curl_easy_getinfo(connection->handle, CURLINFO_ACTIVESOCKET, &found);
	if (code != CURLE_OK || found == CURL_SOCKET_BAD)
		return error_set_cause(err, ERROR_UNAVAILABLE, "%s", *text ? text : curl_easy_strerror(code));
	connection->stream = (struct http_stream){.socket = found,
		.stall_timeout_ms = call->stall_timeout_ms,
		.deadline_ms = call->deadline_ms};
	return 0;
}

static void append_request(const struct http_client *client, const struct http_call *call, struct buf *out)
{
	const char *host = call->url + SCHEME_LENGTH;
	size_t length = strcspn(host, "/?"), named = length;
	if (length > 3 && strncmp(host + length - 3, ":80", 3) == 0)
		named -= 3; /* as curl does, and as it was signed */
	const char *target = host + length;
	buf_printf(out, "GET %s%s HTTP/1.1\r\nHost: %.*s\r\nAccept: */*\r\nConnection: close\r\n",
		*target == '/' ? "" : "/", target, (int)named, host);
	if (client->user_agent)
		buf_printf(out, "User-Agent: %s\r\n", client->user_agent);
	for (const char *line = call->headers; line && *line;) {
		size_t line_length = strcspn(line, "\n");
		buf_append(out, line, line_length);
		buf_append(out, "\r\n", 2);
		line += line_length + (line[line_length] == '\n');
	}
	buf_append(out, "\r\n", 2);
}

/* A request of some hundred bytes on a fresh connection always finds room. */
static int send_request(const struct http_client *client, const struct http_call *call,
	const struct connection *connection, struct error *err)
{
	CLEANUP(buf_release) struct buf request = {0};
	append_request(client, call, &request);
	ssize_t sent = send(connection->stream.socket, request.data, request.length, MSG_NOSIGNAL);
	if (sent == (ssize_t)request.length)
		return 0;
	return error_set_cause(err, ERROR_UNAVAILABLE, "the request could not be sent: %s",
		sent < 0 ? strerror(errno) : "in part only");
}

/* Reads up to the end of the head, and no further. */
static int read_head(struct connection *connection, struct error *err)
{
	struct buf *head = &connection->head;
	struct http_stream *stream = &connection->stream;
	buf_clear(head);
	for (;;) {
		buf_reserve(head, PEEK);
		ssize_t seen = http_stream_peek(stream, head->data + head->length, PEEK, err);
		if (seen < 0)
			return -1;
		size_t from = head->length < 3 ? 0 : head->length - 3;
		const char *end =
			memmem(head->data + from, head->length + (size_t)seen - from, "\r\n\r\n", 4);
		size_t taken = end ? (size_t)(end + 4 - head->data) - head->length : (size_t)seen;
		if (recv(stream->socket, head->data + head->length, taken, 0) != (ssize_t)taken)
			return error_set_cause(
				err, ERROR_UNAVAILABLE, "read a response's head: %s", strerror(errno));
		head->length += taken;
		if (end)
			return 0;
		if (head->length > HEAD_MAX)
			return error_set_cause(
				err, ERROR_UNAVAILABLE, "response headers exceed %d bytes", HEAD_MAX);
	}
}

/* The status; 0 when it is no answer that can be understood here. */
static int parse_head(const struct buf *head, struct http_reply *reply, struct error *err)
{
	const char *at = head->data, *end = head->data + head->length - 2;
	if (head->length < 16 || strncmp(at, "HTTP/1.", 7) != 0 || at[8] != ' ')
		return 0;
	int status = atoi(at + 9);
	buf_clear(&reply->headers);
	while ((at = memmem(at, (size_t)(end - at), "\r\n", 2)) && at + 2 < end) {
		at += 2;
		const char *next = memmem(at, (size_t)(end - at), "\r\n", 2);
		size_t length = (size_t)((next ? next : end) - at);
		if (http_reply_add_header(reply, at, length, err))
			return -1;
	}
	return status;
}

/* The body's length when the answer is the plain one, else -1. */
static int64_t plain_length(const struct http_reply *reply)
{
	char *end;
	const char *length = http_reply_header(reply, "Content-Length");
	if (reply->status / 100 != 2 || !length || *length < '0' || *length > '9' ||
		http_reply_header(reply, "Transfer-Encoding"))
		return -1;
	errno = 0;
	int64_t value = strtoll(length, &end, 10);
	return errno || *end ? -1 : value;
}

static int receive_head(struct connection *connection, struct http_reply *reply, struct error *err)
{
	for (int heads = 0; heads < HEADS_MAX; heads++) {
		if (read_head(connection, err))
			return -1;
		int status = parse_head(&connection->head, reply, err);
		reply->status = status;
		if (status / 100 != 1)
			return status < 0 ? -1 : 0;
	}
	return error_set_cause(err, ERROR_UNAVAILABLE, "more than %d heads of interim responses", HEADS_MAX);
}

int http_client_move(
	struct http_client *client, const struct http_call *call, struct http_reply *reply, struct error *err)
{
	if (!suits(client, call))
		return 0;
	CLEANUP(disconnect) struct connection connection = {0};
	if (connect_to(client, call, &connection, err) || send_request(client, call, &connection, err) ||
		receive_head(&connection, reply, err))
		return -1;
	int64_t length = plain_length(reply);
	if (length < 0) {
		buf_clear(&reply->headers);
		reply->status = 0;
		return 0;
	}
	if (call->head && call->head(call->write_context, reply, err))
		return -1;
	connection.stream.left = length;
	if (length > 0 && call->move(call->write_context, &connection.stream, err))
		return -1;
	return 1;
}
