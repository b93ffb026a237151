/* SPDX-License-Identifier: MIT */
#include "common/seal.h"

#include "common/base64.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/memory.h"
#include "common/random.h"

#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char PREFIX[] = "v1.";
enum { PREFIX_LENGTH = sizeof(PREFIX) - 1, NONCE_SIZE = 12, TAG_SIZE = 16 };

/* Secrets are passwords and access keys; the limit keeps every length within OpenSSL's int. */
enum { SECRET_MAX = 1 << 20 };

static void cleanup_context(EVP_CIPHER_CTX **context)
{
	EVP_CIPHER_CTX_free(*context); /* wipes the key schedule */
}

static void must(int succeeded)
{
	if (!succeeded) {
		fputs("OpenSSL cannot seal\n", stderr);
		abort();
	}
}

static EVP_CIPHER_CTX *start(
	const unsigned char *key, const unsigned char *nonce, const char *context, int encrypt)
{
	int ignored;
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	must(cipher && EVP_CipherInit_ex2(cipher, EVP_aes_256_gcm(), key, nonce, encrypt, NULL));
	must(EVP_CipherUpdate(cipher, NULL, &ignored, (const unsigned char *)context, (int)strlen(context)));
	return cipher;
}

void seal_text(
	const unsigned char key[SEAL_KEY_SIZE], const char *context, const char *secret, struct buf *out)
{
	size_t length = strlen(secret);
	must(length <= SECRET_MAX && strlen(context) <= SECRET_MAX);
	size_t size = NONCE_SIZE + length + TAG_SIZE;
	CLEANUP(cleanup_free) unsigned char *sealed = memory_alloc(size);
	unsigned char *text = sealed + NONCE_SIZE;
	random_bytes(sealed, NONCE_SIZE);

	int written, ignored;
	CLEANUP(cleanup_context) EVP_CIPHER_CTX *cipher = start(key, sealed, context, 1);
	must(EVP_CipherUpdate(cipher, text, &written, (const unsigned char *)secret, (int)length));
	must((size_t)written == length && EVP_CipherFinal_ex(cipher, text + length, &ignored));
	must(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, text + length));

	size_t encoded = base64_encoded_length(size, BASE64_URL);
	buf_append_text(out, PREFIX);
	buf_reserve(out, encoded);
	base64_encode(sealed, size, BASE64_URL, out->data + out->length);
	out->length += encoded;
}

/* `sealed` is nonce, ciphertext and tag; `length` of the ciphertext. */
static bool decrypt(
	const unsigned char *key, const char *context, unsigned char *sealed, size_t length, char *out)
{
	int written = 0, ignored;
	unsigned char *text = sealed + NONCE_SIZE;
	CLEANUP(cleanup_context) EVP_CIPHER_CTX *cipher = start(key, sealed, context, 0);
	must(EVP_CipherUpdate(cipher, (unsigned char *)out, &written, text, (int)length));
	must((size_t)written == length);
	must(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, text + length));
	return EVP_CipherFinal_ex(cipher, (unsigned char *)out + length, &ignored) == 1;
}

int seal_open(const unsigned char key[SEAL_KEY_SIZE], const char *context, const char *sealed,
	struct buf *out, struct error *err)
{
	size_t encoded = strlen(sealed);
	if (strncmp(sealed, PREFIX, PREFIX_LENGTH) != 0 || encoded > 2 * SECRET_MAX ||
		strlen(context) > SECRET_MAX)
		return error_set_cause(err, ERROR_INTERNAL, "a sealed secret is malformed");
	encoded -= PREFIX_LENGTH;
	CLEANUP(cleanup_free) unsigned char *bytes = memory_alloc(encoded / 4 * 3 + 3);
	ssize_t size = base64_decode(sealed + PREFIX_LENGTH, encoded, BASE64_URL, bytes);
	if (size < NONCE_SIZE + TAG_SIZE)
		return error_set_cause(err, ERROR_INTERNAL, "a sealed secret is malformed");

	size_t length = (size_t)size - NONCE_SIZE - TAG_SIZE;
	buf_reserve(out, length);
	char *plain = out->data + out->length;
	bool genuine = decrypt(key, context, bytes, length, plain);
	if (genuine)
		out->length += length;
	else
		explicit_bzero(plain, length); /* GCM decrypts before it knows */
	out->data[out->length] = '\0';
	return genuine ? 0
		       : error_set_cause(err, ERROR_INTERNAL, "a sealed secret does not open with this key");
}
