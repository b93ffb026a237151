/* SPDX-License-Identifier: MIT */
#include "common/sigv4.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/digest.h"
#include "common/hex.h"
#include "common/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/*
 * Three texts are made of a request: the canonical request, the string to sign (which holds the hash of
 * the first) and the signature. Header and query signing differ only in where the parameters of the
 * signature go.
 */

#define ALGORITHM        "AWS4-HMAC-SHA256"
#define UNSIGNED_PAYLOAD "UNSIGNED-PAYLOAD"

enum { TIME_SIZE = 17 /* 20130524T000000Z */, DAY_LENGTH = 8 };

/* An encoded query parameter, or a header that is ready to be signed. */
struct pair {
	char *name, *value;
};

struct pairs {
	struct pair *items;
	size_t count;
};

static void pairs_release(struct pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		free(pairs->items[i].name);
		free(pairs->items[i].value);
	}
	free(pairs->items);
}

static void add_pair(struct pairs *pairs, char *name, char *value)
{
	pairs->items = memory_resize(pairs->items, (pairs->count + 1) * sizeof(*pairs->items));
	pairs->items[pairs->count++] = (struct pair){name, value};
}

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *left = a, *right = b;
	int names = strcmp(left->name, right->name);
	return names ? names : strcmp(left->value, right->value);
}

static void sort_pairs(struct pairs *pairs)
{
	if (pairs->count)
		qsort(pairs->items, pairs->count, sizeof(*pairs->items), compare_pairs);
}

static int is_unreserved(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '.' || c == '_' || c == '~';
}

void sigv4_encode(const char *raw, int keep_slash, struct buf *out)
{
	static const char DIGITS[] = "0123456789ABCDEF";
	for (; *raw; raw++) {
		unsigned char c = (unsigned char)*raw;
		if (is_unreserved(c) || (keep_slash && c == '/'))
			buf_append(out, raw, 1);
		else
			buf_append(out, (const char[]){'%', DIGITS[c >> 4], DIGITS[c & 15]}, 3);
	}
}

static char *encoded(const char *raw)
{
	struct buf out = {0};
	buf_reserve(&out, 3 * strlen(raw ? raw : ""));
	buf_append_text(&out, "");
	sigv4_encode(raw ? raw : "", 0, &out);
	return out.data;
}

static void add_query(struct pairs *query, const char *name, const char *value)
{
	add_pair(query, encoded(name), encoded(value));
}

static void collect_query(const struct sigv4_request *request, struct pairs *query)
{
	for (const struct sigv4_pair *pair = request->query; pair && pair->name; pair++)
		add_query(query, pair->name, pair->value);
}

static void append_query(const struct pairs *query, struct buf *out)
{
	for (size_t i = 0; i < query->count; i++)
		buf_printf(out, "%s%s=%s", i ? "&" : "", query->items[i].name, query->items[i].value);
}

static size_t endpoint_length(const char *endpoint)
{
	size_t length = strlen(endpoint);
	while (length && endpoint[length - 1] == '/')
		length--;
	return length;
}

static const char BUCKET_PLACE[] = "{bucket}.";

/* Where the host begins. */
static const char *host_in(const char *endpoint)
{
	const char *scheme_end = strstr(endpoint, "://");
	return scheme_end ? scheme_end + 3 : endpoint;
}

static int is_virtual_host(const struct sigv4_request *request)
{
	return strncmp(host_in(request->endpoint), BUCKET_PLACE, sizeof(BUCKET_PLACE) - 1) == 0;
}

/* The endpoint that is connected to. Of a server whose buckets are hosts, without a bucket, the part they share. */
static void append_endpoint(const struct sigv4_request *request, struct buf *out)
{
	const char *endpoint = request->endpoint, *host = host_in(endpoint);
	size_t length = endpoint_length(endpoint);
	if (!is_virtual_host(request)) {
		buf_append(out, endpoint, length);
		return;
	}
	buf_append(out, endpoint, (size_t)(host - endpoint));
	if (request->bucket)
		buf_printf(out, "%s.", request->bucket);
	host += sizeof(BUCKET_PLACE) - 1;
	buf_append(out, host, length - (size_t)(host - endpoint));
}

static void append_path(const struct sigv4_request *request, struct buf *out)
{
	if (request->bucket && is_virtual_host(request)) {
		buf_append_text(out, "/");
		if (request->key)
			sigv4_encode(request->key, 1, out);
		return;
	}
	if (request->bucket) {
		buf_append_text(out, "/");
		sigv4_encode(request->bucket, 0, out);
	}
	if (request->key || !request->bucket)
		buf_append_text(out, "/");
	if (request->key)
		sigv4_encode(request->key, 1, out);
}

/* HTTP clients leave the scheme's own port out of Host, and what is signed is what they send. */
static char *host_of(const char *endpoint)
{
	size_t length = strlen(endpoint);
	int secure = strncasecmp(endpoint, "https://", 8) == 0;
	const char *host = host_in(endpoint);
	size_t host_length = length - (size_t)(host - endpoint);
	const char *default_port = secure ? ":443" : ":80";
	size_t port_length = strlen(default_port);
	if (host_length > port_length &&
		memcmp(host + host_length - port_length, default_port, port_length) == 0)
		host_length -= port_length;
	return memory_printf("%.*s", (int)host_length, host);
}

/* Without the spaces at both ends, and runs of spaces as one: "Trimall" of the specification. */
static char *trimmed(const char *value)
{
	char *out = memory_alloc(strlen(value) + 1);
	size_t length = 0;
	for (; *value; value++) {
		char c = *value == '\t' ? ' ' : *value;
		if (c == ' ' && (length == 0 || out[length - 1] == ' '))
			continue;
		out[length++] = c;
	}
	if (length && out[length - 1] == ' ')
		out[length - 1] = '\0';
	return out;
}

static void collect_headers(const struct sigv4_request *request, struct pairs *headers)
{
	CLEANUP(buf_release) struct buf endpoint = {0};
	append_endpoint(request, &endpoint);
	add_pair(headers, memory_strdup("host"), host_of(endpoint.data));
	for (const struct sigv4_pair *pair = request->headers; pair && pair->name; pair++)
		add_pair(headers, memory_strdup(pair->name), trimmed(pair->value ? pair->value : ""));
}

static void append_signed_names(const struct pairs *headers, struct buf *out)
{
	for (size_t i = 0; i < headers->count; i++)
		buf_printf(out, "%s%s", i ? ";" : "", headers->items[i].name);
}

static void format_time(int64_t unix_ms, char out[TIME_SIZE])
{
	time_t seconds = (time_t)(unix_ms / 1000);
	struct tm parts;
	gmtime_r(&seconds, &parts);
	if (strftime(out, TIME_SIZE, "%Y%m%dT%H%M%SZ", &parts) == 0)
		out[0] = '\0';
}

static void append_scope(const struct sigv4_credentials *credentials, const char *time, struct buf *out)
{
	buf_printf(out, "%.*s/%s/s3/aws4_request", DAY_LENGTH, time, credentials->region);
}

static void hash_canonical_request(const struct sigv4_request *request, const struct pairs *query,
	const struct pairs *headers, const char *payload, char hex[DIGEST_HEX_SIZE])
{
	CLEANUP(buf_release) struct buf text = {0};
	buf_printf(&text, "%s\n", request->method);
	append_path(request, &text);
	buf_append_text(&text, "\n");
	append_query(query, &text);
	buf_append_text(&text, "\n");
	for (size_t i = 0; i < headers->count; i++)
		buf_printf(&text, "%s:%s\n", headers->items[i].name, headers->items[i].value);
	buf_append_text(&text, "\n");
	append_signed_names(headers, &text);
	buf_printf(&text, "\n%s", payload);
	digest_sha256_hex(text.data, text.length, hex);
}

static void signing_key(const struct sigv4_credentials *credentials, const char *time, unsigned char key[32])
{
	const char *const parts[] = {credentials->region, "s3", "aws4_request"};
	char *seed = memory_printf("AWS4%s", credentials->secret_key);
	digest_hmac_sha256(seed, strlen(seed), time, DAY_LENGTH, key);
	explicit_bzero(seed, strlen(seed));
	free(seed);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		unsigned char next[32];
		digest_hmac_sha256(key, 32, parts[i], strlen(parts[i]), next);
		memcpy(key, next, sizeof(next));
		explicit_bzero(next, sizeof(next));
	}
}

static void append_signature(const struct sigv4_credentials *credentials, const char *time,
	const char *canonical_hash, struct buf *out)
{
	CLEANUP(buf_release) struct buf text = {0};
	buf_printf(&text, ALGORITHM "\n%s\n", time);
	append_scope(credentials, time, &text);
	buf_printf(&text, "\n%s", canonical_hash);

	unsigned char key[32], signature[32];
	char hex[DIGEST_HEX_SIZE];
	signing_key(credentials, time, key);
	digest_hmac_sha256(key, sizeof(key), text.data, text.length, signature);
	explicit_bzero(key, sizeof(key));
	hex_encode(signature, sizeof(signature), hex);
	buf_append_text(out, hex);
}

static void append_url(const struct sigv4_request *request, const struct pairs *query, struct buf *url)
{
	append_endpoint(request, url);
	append_path(request, url);
	if (query->count)
		buf_append_text(url, "?");
	append_query(query, url);
}

void sigv4_url(const struct sigv4_request *request, struct buf *url)
{
	CLEANUP(pairs_release) struct pairs query = {0};
	collect_query(request, &query);
	sort_pairs(&query);
	append_url(request, &query, url);
}

void sigv4_sign(
	const struct sigv4_credentials *credentials, const struct sigv4_request *request, struct buf *out)
{
	char time[TIME_SIZE], hash[DIGEST_HEX_SIZE];
	format_time(request->now_unix_ms, time);

	CLEANUP(pairs_release) struct pairs query = {0};
	collect_query(request, &query);
	sort_pairs(&query);
	CLEANUP(pairs_release) struct pairs headers = {0};
	collect_headers(request, &headers);
	add_pair(&headers, memory_strdup("x-amz-content-sha256"), memory_strdup(request->payload_sha256));
	add_pair(&headers, memory_strdup("x-amz-date"), memory_strdup(time));
	sort_pairs(&headers);

	hash_canonical_request(request, &query, &headers, request->payload_sha256, hash);
	buf_printf(out, "x-amz-date: %s\nx-amz-content-sha256: %s\n", time, request->payload_sha256);
	buf_printf(out, "Authorization: " ALGORITHM " Credential=%s/", credentials->access_key);
	append_scope(credentials, time, out);
	buf_append_text(out, ", SignedHeaders=");
	append_signed_names(&headers, out);
	buf_append_text(out, ", Signature=");
	append_signature(credentials, time, hash, out);
	buf_append_text(out, "\n");
}

static void add_presign_query(const struct sigv4_credentials *credentials, const char *time, int expires_s,
	const struct pairs *headers, struct pairs *query)
{
	CLEANUP(buf_release) struct buf credential = {0}, names = {0};
	buf_printf(&credential, "%s/", credentials->access_key);
	append_scope(credentials, time, &credential);
	append_signed_names(headers, &names);
	char expires[16];
	snprintf(expires, sizeof(expires), "%d", expires_s);

	add_query(query, "X-Amz-Algorithm", ALGORITHM);
	add_query(query, "X-Amz-Credential", credential.data);
	add_query(query, "X-Amz-Date", time);
	add_query(query, "X-Amz-Expires", expires);
	add_query(query, "X-Amz-SignedHeaders", names.data);
}

void sigv4_presign(const struct sigv4_credentials *credentials, const struct sigv4_request *request,
	int expires_s, struct buf *url)
{
	char time[TIME_SIZE], hash[DIGEST_HEX_SIZE];
	format_time(request->now_unix_ms, time);

	CLEANUP(pairs_release) struct pairs headers = {0};
	collect_headers(request, &headers);
	sort_pairs(&headers);
	CLEANUP(pairs_release) struct pairs query = {0};
	collect_query(request, &query);
	add_presign_query(credentials, time, expires_s, &headers, &query);
	sort_pairs(&query);

	hash_canonical_request(request, &query, &headers, UNSIGNED_PAYLOAD, hash);
	append_url(request, &query, url);
	buf_append_text(url, "&X-Amz-Signature=");
	append_signature(credentials, time, hash, url);
}
