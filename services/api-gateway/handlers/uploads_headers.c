/* SPDX-License-Identifier: MIT */
#include "handlers/uploads_parts.h"

#include "common/arena.h"
#include "common/base64.h"
#include "common/http_date.h"
#include "common/sha256_state.h"
#include "gateway.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char VERSION[] = "1.0.0";

int uploads_begin(struct request *request, struct response *response, struct error *err)
{
	response_header(request, response, "Tus-Resumable", VERSION);
	response_keep_headers(response);
	const char *version = request_header(request, "Tus-Resumable");
	if (version && strcmp(version, VERSION) == 0)
		return 0;
	response_header(request, response, "Tus-Version", VERSION);
	response_keep_headers(response);
	return error_set(err, ERROR_PRECONDITION_FAILED, "the header Tus-Resumable must be %s", VERSION);
}

int uploads_number(const struct request *request, const char *name, int64_t *out, struct error *err)
{
	const char *text = request_header(request, name);
	if (!text)
		return 0;
	errno = 0;
	long long value = strtoll(text, NULL, 10);
	if (!*text || text[strspn(text, "0123456789")] || errno)
		return error_set(err, ERROR_INVALID, "%s must be a whole number", name);
	*out = value;
	return 1;
}

static ssize_t read_body(void *context, void *out, size_t size, struct error *err)
{
	return request_read(context, out, size, err);
}

/* "sha1 BASE64" */
static int parse_checksum(struct request *request, struct upload_piece *piece, struct error *err)
{
	static const struct {
		const char *name;
		enum digest_kind kind;
		ssize_t size;
	} KINDS[] = {{"sha1", DIGEST_SHA1, 20}, {"md5", DIGEST_MD5, 16}, {"sha256", DIGEST_SHA256, 32}};
	const char *text = request_header(request, "Upload-Checksum"),
		   *space = text ? strchr(text, ' ') : NULL;
	if (!text)
		return 0;
	for (size_t i = 0; space && i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
		size_t length = strlen(space + 1);
		if ((size_t)(space - text) != strlen(KINDS[i].name) ||
			strncmp(text, KINDS[i].name, strlen(KINDS[i].name)) != 0)
			continue;
		unsigned char *sum = arena_alloc(request->arena, length / 4 * 3 + 3);
		if (base64_decode(space + 1, length, BASE64_STANDARD, sum) != KINDS[i].size)
			break;
		piece->checksum_kind = KINDS[i].kind;
		piece->checksum = sum;
		piece->checksum_size = (size_t)KINDS[i].size;
		return 0;
	}
	return error_set(err, ERROR_BAD_REQUEST,
		"Upload-Checksum must be sha1, md5 or sha256, a space, and the sum in base64");
}

int uploads_piece(struct request *request, int64_t offset, struct upload_piece *out, struct error *err)
{
	*out = (struct upload_piece){
		.offset = offset,
		.length = -1,
		.size = request->source.content_length,
		.read = read_body,
		.context = request,
	};
	return parse_checksum(request, out, err);
}

/* As one segment of a path: RFC 3986's unreserved characters stay. */
static const char *quote(const char *text, struct arena *arena)
{
	static const char UNRESERVED[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
	char *out = arena_alloc(arena, 3 * strlen(text) + 1), *end = out;
	for (; *text; text++) {
		if (strchr(UNRESERVED, *text))
			*end++ = *text;
		else
			end += sprintf(end, "%%%02X", (unsigned char)*text);
	}
	*end = '\0';
	return out;
}

/* What a finished upload has become. */
static void describe_result(struct gateway *gateway, struct request *request, struct response *response,
	const struct upload_row *upload, int64_t wait_ms, const char *up)
{
	char sha256[DIGEST_HEX_SIZE];
	struct sha256_state hash;
	if (sha256_state_parse(upload->hash, &hash) == 0) {
		sha256_state_hex(&hash, sha256);
		response_header_printf(request, response, "Upload-Sha256", "%s", sha256);
	}
	const char *pid = upload_pid(upload, request->arena);
	const char *outcome = upload_outcome(gateway->transfer, upload, wait_ms, request->arena);
	if (outcome)
		response_header(request, response, "Upload-Status", outcome);
	if (pid)
		response_header(request, response, "Link",
			arena_printf(request->arena,
				"<%smedia/%s>; rel=\"related\", <%sjobs/%s>; rel=\"monitor\"", up,
				quote(pid, request->arena), up, upload->job));
}

void uploads_describe(struct gateway *gateway, struct request *request, struct response *response,
	const struct upload_row *upload, int64_t wait_ms, const char *up)
{
	char date[HTTP_DATE_SIZE];
	http_date_format(upload->expires_unix_ms / 1000, date);
	if (upload->state != UPLOAD_JOINING)
		response_header_printf(
			request, response, "Upload-Offset", "%lld", (long long)upload->received);
	response_header(request, response, "Upload-Expires", date);
	if (upload->state == UPLOAD_FINISHED)
		describe_result(gateway, request, response, upload, wait_ms, up);
}
