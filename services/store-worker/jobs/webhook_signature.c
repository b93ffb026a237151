/* SPDX-License-Identifier: MIT */
#include "jobs/webhook_signature.h"

#include "common/base64.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/digest.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <string.h>

enum { SECRET_MAX = 96, TAG_SIZE = 32 };

int webhook_sign(const char *secret, const char *message_id, int64_t timestamp, const void *body,
	size_t length, struct buf *out, struct error *err)
{
	static const char PREFIX[] = "whsec_";
	unsigned char key[SECRET_MAX], tag[TAG_SIZE];
	char text[TAG_SIZE * 2];
	size_t prefix = sizeof(PREFIX) - 1, digits = strlen(secret) > prefix ? strlen(secret) - prefix : 0;
	ssize_t key_length = -1;
	if (strncmp(secret, PREFIX, prefix) == 0 && digits > 0 && digits / 4 * 3 + 3 <= sizeof(key))
		key_length = base64_decode(secret + prefix, digits, BASE64_STANDARD, key);
	if (key_length <= 0)
		return error_set(err, ERROR_INVALID, "the webhook's secret cannot be read");
	CLEANUP(buf_release) struct buf content = {0};
	buf_printf(&content, "%s.%" PRId64 ".", message_id, timestamp);
	buf_append(&content, body, length);
	digest_hmac_sha256(key, (size_t)key_length, content.data, content.length, tag);
	OPENSSL_cleanse(key, sizeof(key));
	base64_encode(tag, sizeof(tag), BASE64_STANDARD, text);
	buf_printf(out, "v1,%s", text);
	return 0;
}
