/* SPDX-License-Identifier: MIT */
#include "handlers/presign_query.h"

#include "common/arena.h"
#include "common/digest.h"
#include "common/sigv4.h"
#include "config.h"
#include "gateway.h"
#include "http/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 1024 };

/* Absent: *out stays. */
static int number(const struct request *request, const char *name, int64_t low, int64_t high, int64_t *out,
	struct error *err)
{
	const char *text = request_query(request, name);
	if (!text)
		return 0;
	errno = 0;
	long long value = strtoll(text, NULL, 10);
	if (!*text || text[strspn(text, "0123456789")] || errno || value < low || value > high)
		return error_set(err, ERROR_INVALID, "%s must be a whole number from %lld to %lld", name,
			(long long)low, (long long)high);
	*out = value;
	return 0;
}

static bool is_value(const char *text)
{
	size_t length = strlen(text);
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return length > 0 && length <= VALUE_MAX;
}

static int response_headers(const struct request *request, const struct sigv4_pair **out, struct error *err)
{
	static const char *const NAMES[] = {"response-cache-control", "response-content-disposition",
		"response-content-encoding", "response-content-language", "response-content-type",
		"response-expires"};
	enum { COUNT = sizeof(NAMES) / sizeof(NAMES[0]) };
	struct sigv4_pair *pairs = arena_alloc(request->arena, (COUNT + 1) * sizeof(*pairs));
	size_t count = 0;
	for (size_t i = 0; i < COUNT; i++) {
		const char *value = request_query(request, NAMES[i]);
		if (value && !is_value(value))
			return error_set(err, ERROR_INVALID,
				"%s must have 1 to %d bytes and no control characters", NAMES[i], VALUE_MAX);
		if (value)
			pairs[count++] = (struct sigv4_pair){NAMES[i], value};
	}
	pairs[count] = (struct sigv4_pair){NULL, NULL};
	*out = count ? pairs : NULL;
	return 0;
}

int presign_check_sha256(const char *sha256, struct error *err)
{
	if (!sha256 || (strlen(sha256) == DIGEST_HEX_SIZE - 1 && !sha256[strspn(sha256, "0123456789abcdef")]))
		return 0;
	return error_set(err, ERROR_INVALID, "sha256 must be 64 lower-case hexadecimal digits");
}

int presign_query(struct gateway *gateway, const struct request *request, struct transfer_presign *out,
	struct error *err)
{
	int64_t expires_s = gateway->config ? gateway->config->presign_expiry_ms / 1000 : 3600;
	struct transfer_presign wanted = {.size = -1, .sha256 = request_query(request, "sha256")};
	if (number(request, "expires", 1, PRESIGN_EXPIRES_MAX_S, &expires_s, err) ||
		number(request, "size", 0, INT64_MAX, &wanted.size, err) ||
		presign_check_sha256(wanted.sha256, err) || response_headers(request, &wanted.query, err))
		return -1;
	wanted.expiry_ms = expires_s * 1000;
	*out = wanted;
	return 0;
}
