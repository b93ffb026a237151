/* SPDX-License-Identifier: MIT */
/* The functions below EVP are deprecated, but the only ones of OpenSSL's that show the intermediate value; the
 * code that does the work is the same. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "common/sha256_state.h"

#include "common/hex.h"

#include <openssl/sha.h>
#include <string.h>

enum { BYTES_SIZE = 32 + 8 + SHA256_BLOCK };

static size_t tail_length(const struct sha256_state *state)
{
	return (size_t)(state->length % SHA256_BLOCK);
}

static void resume(const struct sha256_state *state, SHA256_CTX *context)
{
	uint64_t bits = (state->length - tail_length(state)) * 8;
	SHA256_Init(context);
	memcpy(context->h, state->words, sizeof(state->words));
	context->Nl = (SHA_LONG)bits;
	context->Nh = (SHA_LONG)(bits >> 32);
	SHA256_Update(context, state->tail, tail_length(state));
}

void sha256_state_init(struct sha256_state *state)
{
	SHA256_CTX context;
	SHA256_Init(&context);
	*state = (struct sha256_state){.length = 0};
	memcpy(state->words, context.h, sizeof(state->words));
}

void sha256_state_update(struct sha256_state *state, const void *bytes, size_t length)
{
	SHA256_CTX context;
	const unsigned char *end = (const unsigned char *)bytes + length;
	size_t before = tail_length(state);
	resume(state, &context);
	SHA256_Update(&context, bytes, length);
	state->length += length;
	memcpy(state->words, context.h, sizeof(state->words));
	size_t after = tail_length(state);
	if (after <= length) /* all of them are of these bytes */
		memcpy(state->tail, end - after, after);
	else
		memcpy(state->tail + before, bytes, length);
}

void sha256_state_hex(const struct sha256_state *state, char out[DIGEST_HEX_SIZE])
{
	SHA256_CTX context;
	unsigned char sum[SHA256_DIGEST_LENGTH];
	resume(state, &context);
	SHA256_Final(sum, &context);
	hex_encode(sum, sizeof(sum), out);
}

static void put_number(unsigned char *out, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		out[i] = (unsigned char)(value >> 8 * (size - 1 - i));
}

static uint64_t get_number(const unsigned char *bytes, size_t size)
{
	uint64_t value = 0;
	for (size_t i = 0; i < size; i++)
		value = value << 8 | bytes[i];
	return value;
}

void sha256_state_print(const struct sha256_state *state, char out[SHA256_STATE_SIZE])
{
	unsigned char bytes[BYTES_SIZE] = {0};
	for (size_t i = 0; i < SHA256_WORDS; i++)
		put_number(bytes + 4 * i, state->words[i], 4);
	put_number(bytes + 32, state->length, 8);
	memcpy(bytes + 40, state->tail, tail_length(state));
	hex_encode(bytes, sizeof(bytes), out);
}

int sha256_state_parse(const char *text, struct sha256_state *out)
{
	unsigned char bytes[BYTES_SIZE];
	if (hex_decode(text, bytes, sizeof(bytes)))
		return -1;
	for (size_t i = 0; i < SHA256_WORDS; i++)
		out->words[i] = (uint32_t)get_number(bytes + 4 * i, 4);
	out->length = get_number(bytes + 32, 8);
	memcpy(out->tail, bytes + 40, sizeof(out->tail));
	return 0;
}
