/* SPDX-License-Identifier: MIT */
#include "common/ticket.h"

#include "common/base64.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/digest.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <string.h>

enum { EXPIRY_SIZE = 8, SIGNATURE_SIZE = 32, SIGNATURE_LENGTH = 43 /* in base64url */ };

static void put_big_endian(int64_t value, unsigned char out[EXPIRY_SIZE])
{
	for (int i = 0; i < EXPIRY_SIZE; i++)
		out[i] = (unsigned char)((uint64_t)value >> (56 - 8 * i));
}

static int64_t get_big_endian(const unsigned char bytes[EXPIRY_SIZE])
{
	uint64_t value = 0;
	for (int i = 0; i < EXPIRY_SIZE; i++)
		value = value << 8 | bytes[i];
	return (int64_t)value;
}

static void append_base64(const void *bytes, size_t length, struct buf *out)
{
	size_t encoded = base64_encoded_length(length, BASE64_URL);
	buf_reserve(out, encoded);
	base64_encode(bytes, length, BASE64_URL, out->data + out->length);
	out->length += encoded;
}

void ticket_sign(
	const char *service_key, const void *claims, size_t length, int64_t expires_unix_ms, struct buf *out)
{
	assert(base64_encoded_length(EXPIRY_SIZE + length, BASE64_URL) + 1 + SIGNATURE_LENGTH <=
		TICKET_MAX_LENGTH);
	CLEANUP(buf_release) struct buf payload = {0};
	unsigned char expiry[EXPIRY_SIZE], signature[SIGNATURE_SIZE];
	put_big_endian(expires_unix_ms, expiry);
	buf_append(&payload, expiry, sizeof(expiry));
	buf_append(&payload, claims, length);
	digest_hmac_sha256(service_key, strlen(service_key), payload.data, payload.length, signature);
	append_base64(payload.data, payload.length, out);
	buf_append(out, ".", 1);
	append_base64(signature, sizeof(signature), out);
}

/* Fills payload (TICKET_MAX_LENGTH bytes) and signature (SIGNATURE_SIZE and the decoder's slack). Returns
 * the payload's size, or -1. */
static ssize_t parse(const char *ticket, unsigned char *payload, unsigned char *signature)
{
	const char *dot = strchr(ticket, '.');
	if (!dot || strlen(dot + 1) != SIGNATURE_LENGTH ||
		base64_decode(dot + 1, SIGNATURE_LENGTH, BASE64_URL, signature) != SIGNATURE_SIZE)
		return -1;
	ssize_t size = base64_decode(ticket, (size_t)(dot - ticket), BASE64_URL, payload);
	return size < EXPIRY_SIZE ? -1 : size;
}

int ticket_verify(
	const char *service_key, const char *ticket, int64_t now_unix_ms, struct buf *out, struct error *err)
{
	unsigned char payload[TICKET_MAX_LENGTH], signature[SIGNATURE_LENGTH], expected[SIGNATURE_SIZE];
	if (strnlen(ticket, TICKET_MAX_LENGTH + 1) > TICKET_MAX_LENGTH)
		return error_set(err, ERROR_FORBIDDEN, "the ticket is too long");
	ssize_t size = parse(ticket, payload, signature);
	if (size < 0)
		return error_set(err, ERROR_FORBIDDEN, "the ticket is malformed");
	digest_hmac_sha256(service_key, strlen(service_key), payload, (size_t)size, expected);
	if (CRYPTO_memcmp(signature, expected, SIGNATURE_SIZE) != 0)
		return error_set(err, ERROR_FORBIDDEN, "the ticket is not ours");
	if (get_big_endian(payload) <= now_unix_ms)
		return error_set(err, ERROR_FORBIDDEN, "the ticket has expired");
	buf_append(out, payload + EXPIRY_SIZE, (size_t)size - EXPIRY_SIZE);
	return 0;
}
