/* SPDX-License-Identifier: MIT */
#include "common/hex.h"

void hex_encode(const void *bytes, size_t length, char *out)
{
	static const char DIGITS[] = "0123456789abcdef";
	const unsigned char *in = bytes;
	for (size_t i = 0; i < length; i++) {
		*out++ = DIGITS[in[i] >> 4];
		*out++ = DIGITS[in[i] & 15];
	}
	*out = '\0';
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int decode_digits(const char *text, unsigned char *out, size_t size)
{
	for (size_t i = 0; i < size; i++, text += 2) {
		int high = digit_value(text[0]);
		int low = high < 0 ? -1 : digit_value(text[1]); /* text[0] may be the NUL */
		if (low < 0)
			return -1;
		if (out)
			out[i] = (unsigned char)(high << 4 | low);
	}
	return *text ? -1 : 0;
}

int hex_decode(const char *text, void *out, size_t size)
{
	/* checked first, so that a refused text leaves `out` untouched */
	if (decode_digits(text, NULL, size))
		return -1;
	return decode_digits(text, out, size);
}
