/* SPDX-License-Identifier: MIT */
#include "common/http_internal.h"

#include "common/random.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/*
 * Every response is assembled here and goes to the socket in as few writes as possible: civetweb's own
 * helpers send it line by line. civetweb's write waits for request_timeout_ms without progress, which is
 * set to body_timeout_ms.
 */

enum { SEND_MAX = 1 << 20 }; /* civetweb counts in ints */

static const char *const OWN_HEADERS[] = {"Date", "Content-Length", "Transfer-Encoding", "Connection"};

static bool is_own_header(const char *name)
{
	for (size_t i = 0; i < sizeof(OWN_HEADERS) / sizeof(OWN_HEADERS[0]); i++)
		if (strcasecmp(name, OWN_HEADERS[i]) == 0)
			return true;
	return false;
}

/* Values may hold what users typed: a line break in one would end the header. */
static void append_value(struct buf *out, const char *value)
{
	size_t start = out->length;
	buf_append_text(out, value);
	for (size_t i = start; i < out->length; i++)
		if ((unsigned char)out->data[i] < ' ' || out->data[i] == 0x7f)
			out->data[i] = ' ';
}

static void append_date(struct buf *out)
{
	time_t now = time(NULL);
	struct tm parts;
	char text[40];
	gmtime_r(&now, &parts);
	strftime(text, sizeof(text), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
	buf_append_text(out, text);
}

static void append_head(struct http_exchange *exchange, int status, const struct http_header *headers)
{
	struct buf *out = &exchange->out;
	const char *phrase = status == 422 ? "Unprocessable Content" /* civetweb's has a slip */
					   : mg_get_response_code_text(exchange->connection, status);
	buf_printf(out, "HTTP/1.1 %d %s\r\n", status, phrase);
	append_date(out);
	for (; headers && headers->name; headers++) {
		if (is_own_header(headers->name))
			continue;
		buf_append_text(out, headers->name);
		buf_append_text(out, ": ");
		append_value(out, headers->value);
		buf_append_text(out, "\r\n");
	}
	if (exchange->framing == HTTP_FRAMED_BY_LENGTH && status != 204 && status != 304)
		buf_printf(out, "Content-Length: %" PRId64 "\r\n", exchange->declared);
	else if (exchange->framing == HTTP_FRAMED_BY_CHUNKS && !exchange->bodiless)
		buf_append_text(out, "Transfer-Encoding: chunked\r\n");
	buf_append_text(out, exchange->keep ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
}

/* HTTP/1.0 knows no chunks: there a body of unknown length ends with the connection. */
static enum http_framing choose_framing(const struct http_exchange *exchange, int64_t content_length)
{
	if (content_length >= 0)
		return HTTP_FRAMED_BY_LENGTH;
	const char *version = exchange->request->http_version;
	return version && strcmp(version, "1.0") == 0 ? HTTP_FRAMED_BY_CLOSE : HTTP_FRAMED_BY_CHUNKS;
}

static void begin(
	struct http_exchange *exchange, int status, const struct http_header *headers, int64_t content_length)
{
	assert(exchange->status == 0 && status >= 200);
	const char *method = exchange->request->request_method;
	exchange->status = status;
	exchange->responding = true;
	exchange->pace.waited_ms = exchange->pace.moved = 0; /* a window of its own */
	exchange->bodiless = status == 204 || status == 304 || (method && strcmp(method, "HEAD") == 0);
	exchange->framing = choose_framing(exchange, content_length);
	exchange->declared = content_length;
	exchange->keep = exchange->may_keep && http_request_drainable(exchange) &&
			 (exchange->framing != HTTP_FRAMED_BY_CLOSE || exchange->bodiless);
	append_head(exchange, status, headers);
}

/* Sends everything or marks the connection as cut. */
static int send_all(struct http_exchange *exchange, const char *bytes, size_t length, struct error *err)
{
	while (length && !exchange->cut) {
		size_t piece = http_pace_piece(exchange, length < SEND_MAX ? length : SEND_MAX);
		int64_t started_ms = http_pace_begin(exchange);
		int count = mg_write(exchange->connection, bytes, piece);
		http_pace_end(exchange, started_ms, count);
		exchange->cut = count < 0 || (size_t)count != piece;
		bytes += piece;
		length -= piece;
	}
	if (exchange->cut)
		return error_set(err, ERROR_CANCELLED, "the client went away or stopped reading");
	return 0;
}

int http_response_flush(struct http_exchange *exchange, struct error *err)
{
	int result = send_all(exchange, exchange->out.data, exchange->out.length, err);
	buf_clear(&exchange->out);
	return result;
}

void http_exchange_start(
	struct http_exchange *exchange, int status, const struct http_header *headers, int64_t content_length)
{
	begin(exchange, status, headers, content_length);
}

static int write_plain(struct http_exchange *exchange, const char *bytes, size_t length, struct error *err)
{
	if (exchange->out.length) { /* the head goes along with the first bytes */
		size_t piece = length < HTTP_PIECE ? length : HTTP_PIECE;
		buf_append(&exchange->out, bytes, piece);
		if (http_response_flush(exchange, err) == -1)
			return -1;
		bytes += piece;
		length -= piece;
	}
	return send_all(exchange, bytes, length, err);
}

static int write_chunks(struct http_exchange *exchange, const char *bytes, size_t length, struct error *err)
{
	while (length) {
		size_t piece = length < HTTP_PIECE ? length : HTTP_PIECE;
		buf_printf(&exchange->out, "%zx\r\n", piece);
		buf_append(&exchange->out, bytes, piece);
		buf_append(&exchange->out, "\r\n", 2);
		if (http_response_flush(exchange, err) == -1)
			return -1;
		bytes += piece;
		length -= piece;
	}
	return 0;
}

int http_response_check_room(struct http_exchange *exchange, int64_t length, struct error *err)
{
	if (exchange->framing != HTTP_FRAMED_BY_LENGTH || length <= exchange->declared - exchange->sent)
		return 0;
	exchange->cut = true;
	return error_set_cause(err, ERROR_INTERNAL, "response body exceeds its Content-Length");
}

int http_exchange_write(struct http_exchange *exchange, const void *bytes, size_t length, struct error *err)
{
	assert(exchange->status && !exchange->finished);
	if (exchange->bodiless || !length)
		return 0;
	if (http_response_check_room(exchange, (int64_t)length, err) == -1)
		return -1;
	int (*write_framed)(struct http_exchange *, const char *, size_t, struct error *) =
		exchange->framing == HTTP_FRAMED_BY_CHUNKS ? write_chunks : write_plain;
	if (write_framed(exchange, bytes, length, err) == -1)
		return -1;
	exchange->sent += (int64_t)length;
	return 0;
}

void http_exchange_finish(struct http_exchange *exchange, bool complete)
{
	assert(exchange->status && !exchange->finished);
	struct error ignored;
	exchange->finished = true;
	bool is_short = exchange->framing == HTTP_FRAMED_BY_LENGTH && !exchange->bodiless &&
			exchange->sent < exchange->declared;
	bool terminate = complete && exchange->framing == HTTP_FRAMED_BY_CHUNKS && !exchange->bodiless;
	if (terminate)
		buf_append_text(&exchange->out, "0\r\n\r\n");
	(void)!http_response_flush(exchange, &ignored);
	if (!exchange->bodiless && (!complete || is_short))
		exchange->cut = true;
}

void http_exchange_reply(struct http_exchange *exchange, int status, const struct http_header *headers,
	const void *body, size_t length)
{
	struct error ignored;
	begin(exchange, status, headers, (int64_t)length);
	(void)!http_exchange_write(exchange, body, length, &ignored);
	http_exchange_finish(exchange, true);
}

void http_response_refuse(
	struct http_exchange *exchange, int status, enum error_code code, const char *detail)
{
	char id[RANDOM_UUID_SIZE];
	random_uuid(id);
	const struct http_header headers[] = {{"X-Request-Id", id}, {"Content-Type", "application/json"},
		{"X-Content-Type-Options", "nosniff"}, {"Cache-Control", "no-store"},
		{"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
		{"X-Frame-Options", "DENY"}, {"Referrer-Policy", "no-referrer"}, {NULL, NULL}};
	struct buf body = {0};
	buf_append_text(&body, "{\"detail\": ");
	buf_append_json_string(&body, detail);
	buf_printf(&body, ", \"code\": \"%s\", \"request_id\": \"%s\"}", error_wire_name(code), id);
	http_exchange_reply(exchange, status, headers, body.data, body.length);
	buf_release(&body);
}

int http_exchange_status(const struct http_exchange *exchange)
{
	return exchange->status;
}

int64_t http_exchange_bytes_sent(const struct http_exchange *exchange)
{
	return exchange->sent;
}
