/* SPDX-License-Identifier: MIT */

/* What decodes is the only way to write those bytes, and all bytes come back. */

#include "common/base64.h"
#include "fuzz/fuzz.h"

static void decode(const uint8_t *data, size_t size, enum base64_alphabet alphabet)
{
	char *text = fuzz_copy(data, size), *bytes = malloc(size / 4 * 3 + 3);
	ssize_t length = base64_decode(text, size, alphabet, bytes);
	if (length >= 0) {
		char *again = malloc(base64_encoded_length((size_t)length, alphabet) + 1);
		base64_encode(bytes, (size_t)length, alphabet, again);
		INSIST(strlen(again) == size && memcmp(again, text, size) == 0);
		free(again);
	}
	free(bytes);
	free(text);
}

static void encode(const uint8_t *data, size_t size, enum base64_alphabet alphabet)
{
	size_t length = base64_encoded_length(size, alphabet);
	char *text = malloc(length + 1), *bytes = malloc(length / 4 * 3 + 3);
	base64_encode(data, size, alphabet, text);
	INSIST(strlen(text) == length);
	INSIST(base64_decode(text, length, alphabet, bytes) == (ssize_t)size);
	INSIST(memcmp(bytes, data, size) == 0);
	free(bytes);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	for (enum base64_alphabet alphabet = BASE64_STANDARD; alphabet <= BASE64_URL; alphabet++) {
		decode(data, size, alphabet);
		encode(data, size, alphabet);
	}
	return 0;
}
