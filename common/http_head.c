/* SPDX-License-Identifier: MIT */
#include "common/http_internal.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/*
 * civetweb's parser takes what RFC 9112 tells servers to refuse, because proxies in front may read the
 * same bytes otherwise (request smuggling). It works in place: every separator it understood is a NUL in
 * its buffer, so the distances between the strings it hands out show what stood there:
 *	name\0value\0\0name\0value\0\0\r\0
 * with blanks before a value, and one NUL too many where there was white space before the colon. It
 * stops without a word at the 65th header and at a line it does not understand (a folded one, for
 * example).
 */

struct head {
	struct mg_request_info *request;
	const char *buffer, *limit; /* civetweb's */
	const char *end;            /* behind the last header that was parsed */
	size_t max_size;
};

static const char *line_end(const struct mg_header *header)
{
	return header->value + strlen(header->value);
}

static const char *version_end(const struct head *head)
{
	return head->request->http_version + strlen(head->request->http_version);
}

/* One empty line before the request is allowed (RFC 9112, 2.2). After more, civetweb takes header bytes
 * for the body. */
static bool starts_late(const struct head *head)
{
	ptrdiff_t skipped = head->request->request_method - head->buffer;
	return skipped != 0 && !(skipped == 2 && memcmp(head->buffer, "\r\n", 2) == 0);
}

static bool request_line_is_spaced(const struct head *head)
{
	const struct mg_request_info *request = head->request;
	const char *target_end = request->query_string ? request->query_string : request->request_uri;
	target_end += strlen(target_end);
	return request->request_uri != request->request_method + strlen(request->request_method) + 1 ||
	       request->http_version != target_end + 1 + strlen("HTTP/");
}

static bool is_too_many(const struct head *head)
{
	return head->request->num_headers == MG_MAX_HEADERS && head->end + 4 <= head->limit &&
	       head->end[2] != '\r';
}

/* The blank line must come right behind the last header; without headers civetweb has blanked it as well. */
static bool has_rest(const struct head *head)
{
	if (head->end + 4 > head->limit)
		return true;
	char expected = head->request->num_headers ? '\r' : '\0';
	return head->end[1] != '\0' || head->end[2] != expected || head->end[3] != '\0';
}

static bool is_name(const char *name)
{
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("!#$%&'*+-.^_`|~", *name))
			return false;
	return true;
}

static bool has_bad_line(const struct head *head)
{
	const struct mg_request_info *request = head->request;
	const char *start = version_end(head);
	for (int i = 0; i < request->num_headers; i++) {
		const struct mg_header *header = &request->http_headers[i];
		const char *colon = header->name + strlen(header->name);
		if (header->name != start + 2 || !is_name(header->name))
			return true;
		for (const char *blank = colon + 1; blank < header->value; blank++)
			if (*blank != ' ' && *blank != '\t')
				return true;
		start = line_end(header);
	}
	return false;
}

static bool is_too_large(const struct head *head)
{
	return (size_t)(head->end + 4 - head->buffer) > head->max_size;
}

static bool has_two_lengths(const struct head *head)
{
	const char *value;
	int lengths = http_head_find(head->request, "Content-Length", &value);
	int encodings = http_head_find(head->request, "Transfer-Encoding", &value);
	return lengths + encodings > 1;
}

/* Digits only, and few enough for an int64_t. */
static bool has_bad_length(const struct head *head)
{
	const char *value;
	if (!http_head_find(head->request, "Content-Length", &value))
		return false;
	size_t digits = strspn(value, "0123456789");
	return digits == 0 || digits > 18 || value[digits] != '\0';
}

static bool has_unknown_encoding(const struct head *head)
{
	const char *value;
	return http_head_find(head->request, "Transfer-Encoding", &value) &&
	       strcasecmp(value, "chunked") != 0;
}

static bool has_old_encoding(const struct head *head)
{
	const char *value;
	return http_head_find(head->request, "Transfer-Encoding", &value) &&
	       strcmp(head->request->http_version, "1.1") != 0;
}

static bool has_bad_host(const struct head *head)
{
	const char *value;
	int hosts = http_head_find(head->request, "Host", &value);
	return hosts > 1 || (hosts == 0 && strcmp(head->request->http_version, "1.1") == 0);
}

/* civetweb looks for the path of an absolute target in its query too. */
static bool has_bad_target(const struct head *head)
{
	const struct mg_request_info *request = head->request;
	return !request->local_uri_raw || request->local_uri_raw[0] != '/' ||
	       (request->query_string && request->local_uri_raw >= request->query_string);
}

struct fault {
	bool (*applies)(const struct head *head); /* NULL ends the table */
	int status;
	const char *detail;
};

static const struct fault LINE_FAULTS[] = {
	{starts_late, 400, "white space before the request line"},
	{request_line_is_spaced, 400, "malformed request line"},
	{is_too_many, 431, "more than 64 headers"},
	{has_rest, 400, "malformed header line"},
	{has_bad_line, 400, "malformed header line"},
	{is_too_large, 431, "request line and headers are too large"},
	{NULL, 0, NULL},
};

static const struct fault FIELD_FAULTS[] = {
	{has_two_lengths, 400, "more than one Content-Length or Transfer-Encoding"},
	{has_bad_length, 400, "Content-Length is not a length"},
	{has_old_encoding, 400, "Transfer-Encoding needs HTTP/1.1"},
	{has_unknown_encoding, 501, "no Transfer-Encoding but chunked is supported"},
	{has_bad_host, 400, "exactly one Host header is required"},
	{has_bad_target, 400, "malformed request target"},
	{NULL, 0, NULL},
};

static const struct fault *find_fault(const struct fault *faults, const struct head *head)
{
	for (; faults->applies; faults++)
		if (faults->applies(head))
			return faults;
	return NULL;
}

/*
 * civetweb does not tell where its buffer starts, but each of its threads has one for life, from malloc.
 * So the lowest start of a request that a thread has seen, rounded down to malloc's alignment, is the
 * start of its buffer. That also matters for safety: skipping white space, civetweb would go on into
 * what an earlier request left in the buffer.
 */
static const char *find_buffer(const char *method)
{
	static _Thread_local const char *lowest;
	const char *start = (const char *)((uintptr_t)method & ~(uintptr_t)15);
	if (!lowest || start < lowest)
		lowest = start;
	return lowest;
}

/* Blanks behind a value do not belong to it; civetweb leaves them. */
static void trim_values(struct mg_request_info *request)
{
	for (int i = 0; i < request->num_headers; i++) {
		const struct mg_header *header = &request->http_headers[i];
		for (char *end = (char *)line_end(header); end > header->value && end[-1] == ' '; end--)
			end[-1] = '\0';
	}
}

int http_head_check(
	struct mg_request_info *request, size_t max_head_size, size_t buffer_size, const char **detail)
{
	const char *buffer = find_buffer(request->request_method);
	struct head head = {.request = request,
		.buffer = buffer,
		.limit = buffer + buffer_size,
		.max_size = max_head_size};
	head.end = request->num_headers ? line_end(&request->http_headers[request->num_headers - 1])
					: version_end(&head);
	const struct fault *fault = find_fault(LINE_FAULTS, &head);
	if (!fault) {
		trim_values(request);
		fault = find_fault(FIELD_FAULTS, &head);
	}
	if (!fault)
		return 0;
	*detail = fault->detail;
	return fault->status;
}

int http_head_find(const struct mg_request_info *request, const char *name, const char **value)
{
	int found = 0;
	for (int i = 0; i < request->num_headers; i++) {
		if (strcasecmp(request->http_headers[i].name, name) != 0)
			continue;
		*value = request->http_headers[i].value;
		found++;
	}
	return found;
}

bool http_head_has_token(const char *value, const char *token)
{
	size_t length = strlen(token);
	while (*value) {
		value += strspn(value, ", \t");
		size_t word = strcspn(value, ", \t");
		if (word == length && strncasecmp(value, token, length) == 0)
			return true;
		value += word;
	}
	return false;
}
