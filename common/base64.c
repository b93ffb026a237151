/* SPDX-License-Identifier: MIT */
/* OpenSSL's decoder skips white space and does not look at stray bits, so one text could stand for many;
 * this one is exact. */
#include "common/base64.h"

#include <stdint.h>
#include <string.h>

enum { VALID = 0x40 }; /* set in the entry of each digit; other characters are 0 */

#define COMMON_DIGITS                                                                                        \
	['A'] = VALID | 0, ['B'] = VALID | 1, ['C'] = VALID | 2, ['D'] = VALID | 3, ['E'] = VALID | 4,       \
	['F'] = VALID | 5, ['G'] = VALID | 6, ['H'] = VALID | 7, ['I'] = VALID | 8, ['J'] = VALID | 9,       \
	['K'] = VALID | 10, ['L'] = VALID | 11, ['M'] = VALID | 12, ['N'] = VALID | 13, ['O'] = VALID | 14,  \
	['P'] = VALID | 15, ['Q'] = VALID | 16, ['R'] = VALID | 17, ['S'] = VALID | 18, ['T'] = VALID | 19,  \
	['U'] = VALID | 20, ['V'] = VALID | 21, ['W'] = VALID | 22, ['X'] = VALID | 23, ['Y'] = VALID | 24,  \
	['Z'] = VALID | 25, ['a'] = VALID | 26, ['b'] = VALID | 27, ['c'] = VALID | 28, ['d'] = VALID | 29,  \
	['e'] = VALID | 30, ['f'] = VALID | 31, ['g'] = VALID | 32, ['h'] = VALID | 33, ['i'] = VALID | 34,  \
	['j'] = VALID | 35, ['k'] = VALID | 36, ['l'] = VALID | 37, ['m'] = VALID | 38, ['n'] = VALID | 39,  \
	['o'] = VALID | 40, ['p'] = VALID | 41, ['q'] = VALID | 42, ['r'] = VALID | 43, ['s'] = VALID | 44,  \
	['t'] = VALID | 45, ['u'] = VALID | 46, ['v'] = VALID | 47, ['w'] = VALID | 48, ['x'] = VALID | 49,  \
	['y'] = VALID | 50, ['z'] = VALID | 51, ['0'] = VALID | 52, ['1'] = VALID | 53, ['2'] = VALID | 54,  \
	['3'] = VALID | 55, ['4'] = VALID | 56, ['5'] = VALID | 57, ['6'] = VALID | 58, ['7'] = VALID | 59,  \
	['8'] = VALID | 60, ['9'] = VALID | 61

static const uint8_t VALUES[][256] = {
	[BASE64_STANDARD] = {COMMON_DIGITS, ['+'] = VALID | 62, ['/'] = VALID | 63},
	[BASE64_URL] = {COMMON_DIGITS, ['-'] = VALID | 62, ['_'] = VALID | 63},
};

static const char DIGITS[][65] = {
	[BASE64_STANDARD] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
	[BASE64_URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

static const bool PADDED[] = {[BASE64_STANDARD] = true, [BASE64_URL] = false};

size_t base64_encoded_length(size_t length, enum base64_alphabet alphabet)
{
	size_t rest = length % 3;
	size_t tail = !rest ? 0 : PADDED[alphabet] ? 4 : rest + 1;
	return length / 3 * 4 + tail;
}

static char *encode_tail(const unsigned char *in, size_t rest, enum base64_alphabet alphabet, char *out)
{
	const char *digits = DIGITS[alphabet];
	unsigned bits = (unsigned)in[0] << 16 | (rest > 1 ? (unsigned)in[1] << 8 : 0);
	*out++ = digits[bits >> 18];
	*out++ = digits[bits >> 12 & 63];
	if (rest > 1)
		*out++ = digits[bits >> 6 & 63];
	for (size_t i = rest; PADDED[alphabet] && i < 3; i++)
		*out++ = '=';
	return out;
}

void base64_encode(const void *bytes, size_t length, enum base64_alphabet alphabet, char *out)
{
	const char *digits = DIGITS[alphabet];
	const unsigned char *in = bytes;
	for (; length >= 3; length -= 3, in += 3) {
		unsigned bits = (unsigned)in[0] << 16 | (unsigned)in[1] << 8 | in[2];
		*out++ = digits[bits >> 18];
		*out++ = digits[bits >> 12 & 63];
		*out++ = digits[bits >> 6 & 63];
		*out++ = digits[bits & 63];
	}
	if (length)
		out = encode_tail(in, length, alphabet, out);
	*out = '\0';
}

/* The last 2 or 3 digits, without padding. Their unused bits must be 0. Returns the bytes written, or -1. */
static int decode_tail(const unsigned char *in, size_t rest, const uint8_t *values, unsigned char *out)
{
	uint8_t a = values[in[0]], b = values[in[1]], c = rest > 2 ? values[in[2]] : VALID;
	if (!(a & b & c & VALID))
		return -1;
	unsigned bits = (a & 63U) << 18 | (b & 63U) << 12 | (c & 63U) << 6;
	if (bits & (rest > 2 ? 0xffU : 0xffffU))
		return -1;
	out[0] = (unsigned char)(bits >> 16);
	if (rest > 2)
		out[1] = (unsigned char)(bits >> 8);
	return (int)rest - 1;
}

ssize_t base64_decode(const char *text, size_t length, enum base64_alphabet alphabet, void *out)
{
	const unsigned char *in = (const unsigned char *)text;
	const uint8_t *values = VALUES[alphabet];
	unsigned char *to = out;
	if (PADDED[alphabet] && length % 4)
		return -1;
	for (int pad = 0; PADDED[alphabet] && pad < 2 && length && in[length - 1] == '='; pad++)
		length--;
	for (; length >= 4; length -= 4, in += 4) {
		uint8_t a = values[in[0]], b = values[in[1]], c = values[in[2]], d = values[in[3]];
		if (!(a & b & c & d & VALID))
			return -1;
		unsigned bits = (a & 63U) << 18 | (b & 63U) << 12 | (c & 63U) << 6 | (d & 63U);
		*to++ = (unsigned char)(bits >> 16);
		*to++ = (unsigned char)(bits >> 8);
		*to++ = (unsigned char)bits;
	}
	int tail = !length ? 0 : length == 1 ? -1 : decode_tail(in, length, values, to);
	return tail < 0 ? -1 : to - (unsigned char *)out + tail;
}

/* Whole groups. Only the last one may be padded. */
static ssize_t decode_groups(
	struct base64_decoder *decoder, const char *text, size_t length, unsigned char *out)
{
	if (length == 0)
		return 0;
	ssize_t size = decoder->ended ? -1 : base64_decode(text, length, BASE64_STANDARD, out);
	decoder->ended = text[length - 1] == '=';
	return size;
}

ssize_t base64_decoder_feed(struct base64_decoder *decoder, const char *text, size_t length, void *out)
{
	unsigned char *to = out;
	const size_t group = sizeof(decoder->pending);
	ssize_t first = 0;
	if (decoder->pending_length > 0) {
		size_t missing = group - decoder->pending_length, more = length < missing ? length : missing;
		memcpy(decoder->pending + decoder->pending_length, text, more);
		decoder->pending_length += more;
		text += more;
		length -= more;
		if (decoder->pending_length < group)
			return 0;
		decoder->pending_length = 0;
		first = decode_groups(decoder, decoder->pending, group, to);
		if (first < 0)
			return -1;
	}
	size_t whole = length - length % group;
	ssize_t size = decode_groups(decoder, text, whole, to + first);
	memcpy(decoder->pending, text + whole, length - whole);
	decoder->pending_length = length - whole;
	return size < 0 ? -1 : first + size;
}

bool base64_decoder_is_whole(const struct base64_decoder *decoder)
{
	return decoder->pending_length == 0;
}
