/* SPDX-License-Identifier: MIT */
/* OpenSSL fails here only when out of memory or without its default provider; neither leaves anything to
 * go on with. */
#include "common/digest.h"

#include "common/crc32c.h"
#include "common/hex.h"
#include "common/memory.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct digest {
	EVP_MD_CTX *context; /* NULL: a CRC */
	const EVP_MD *algorithm;
	uint32_t crc;
};

static void must(int succeeded)
{
	if (!succeeded) {
		fputs("OpenSSL cannot compute digests\n", stderr);
		abort();
	}
}

static const EVP_MD *algorithm_of(enum digest_kind kind)
{
	if (kind == DIGEST_SHA256)
		return EVP_sha256();
	return kind == DIGEST_SHA1 ? EVP_sha1() : EVP_md5();
}

struct digest *digest_create(enum digest_kind kind)
{
	struct digest *digest = memory_alloc(sizeof(*digest));
	*digest = (struct digest){0};
	if (kind == DIGEST_CRC32C)
		return digest;
	digest->algorithm = algorithm_of(kind);
	digest->context = EVP_MD_CTX_new();
	must(digest->context && EVP_DigestInit_ex2(digest->context, digest->algorithm, NULL));
	return digest;
}

void digest_free(struct digest *digest)
{
	if (!digest)
		return;
	EVP_MD_CTX_free(digest->context);
	free(digest);
}

void digest_cleanup(struct digest **digest)
{
	digest_free(*digest);
}

void digest_update(struct digest *digest, const void *bytes, size_t length)
{
	if (digest->context)
		must(EVP_DigestUpdate(digest->context, bytes, length));
	else
		digest->crc = crc32c_update(digest->crc, bytes, length);
}

static size_t finish_crc(struct digest *digest, unsigned char *out)
{
	for (int i = 0; i < 4; i++)
		out[i] = (unsigned char)(digest->crc >> (24 - 8 * i));
	digest->crc = 0;
	return 4;
}

size_t digest_finish(struct digest *digest, unsigned char out[DIGEST_MAX_SIZE])
{
	unsigned size = 0;
	if (!digest->context)
		return finish_crc(digest, out);
	must(EVP_DigestFinal_ex(digest->context, out, &size));
	must(EVP_DigestInit_ex2(digest->context, digest->algorithm, NULL));
	return size;
}

void digest_finish_hex(struct digest *digest, char out[DIGEST_HEX_SIZE])
{
	unsigned char bytes[DIGEST_MAX_SIZE];
	size_t size = digest_finish(digest, bytes);
	hex_encode(bytes, size, out);
}

void digest_sha256(const void *bytes, size_t length, unsigned char out[32])
{
	must(EVP_Digest(bytes, length, out, NULL, EVP_sha256(), NULL));
}

void digest_sha256_hex(const void *bytes, size_t length, char out[DIGEST_HEX_SIZE])
{
	unsigned char sum[32];
	digest_sha256(bytes, length, sum);
	hex_encode(sum, sizeof(sum), out);
}

void digest_hmac_sha256(
	const void *key, size_t key_length, const void *bytes, size_t length, unsigned char out[32])
{
	must(key_length <= INT_MAX &&
		HMAC(EVP_sha256(), key, (int)key_length, bytes, length, out, NULL) != NULL);
}

void digest_pbkdf2_sha256(const char *password, const char *salt, int iterations, unsigned char out[32])
{
	size_t password_length = strlen(password), salt_length = strlen(salt);
	must(password_length <= INT_MAX && salt_length <= INT_MAX &&
		PKCS5_PBKDF2_HMAC(password, (int)password_length, (const unsigned char *)salt,
			(int)salt_length, iterations, EVP_sha256(), 32, out));
}
