/* SPDX-License-Identifier: MIT */
#include "common/utf8.h"

/* The well-formed sequences (Unicode 15, table 3-7): first byte, range of the second, size. */
static const struct {
	unsigned char first_low, first_high, second_low, second_high, size;
} FORMS[] = {
	{0xc2, 0xdf, 0x80, 0xbf, 2},
	{0xe0, 0xe0, 0xa0, 0xbf, 3},
	{0xe1, 0xec, 0x80, 0xbf, 3},
	{0xed, 0xed, 0x80, 0x9f, 3},
	{0xee, 0xef, 0x80, 0xbf, 3},
	{0xf0, 0xf0, 0x90, 0xbf, 4},
	{0xf1, 0xf3, 0x80, 0xbf, 4},
	{0xf4, 0xf4, 0x80, 0x8f, 4},
};
enum { FORM_COUNT = sizeof(FORMS) / sizeof(FORMS[0]) };

static bool is_continuation(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

size_t utf8_sequence(const char *text, size_t length)
{
	const unsigned char *in = (const unsigned char *)text;
	if (!length)
		return 0;
	if (in[0] < 0x80)
		return 1;
	size_t form = 0;
	while (form < FORM_COUNT && (in[0] < FORMS[form].first_low || in[0] > FORMS[form].first_high))
		form++;
	if (form == FORM_COUNT || length < FORMS[form].size)
		return 0;
	if (in[1] < FORMS[form].second_low || in[1] > FORMS[form].second_high)
		return 0;
	for (size_t i = 2; i < FORMS[form].size; i++)
		if (!is_continuation(in[i]))
			return 0;
	return FORMS[form].size;
}

bool utf8_is_valid(const char *text, size_t length)
{
	while (length) {
		size_t size = utf8_sequence(text, length);
		if (!size)
			return false;
		text += size;
		length -= size;
	}
	return true;
}

size_t utf8_trim(const char *text, size_t length)
{
	size_t start = length;
	while (start && length - start < UTF8_MAX_SIZE - 1 && is_continuation((unsigned char)text[start - 1]))
		start--;
	if (!start || (unsigned char)text[start - 1] < 0xc0)
		return length; /* ends in ASCII, or in what never was UTF-8 */
	return utf8_sequence(text + start - 1, length - start + 1) ? length : start - 1;
}

size_t utf8_encode(uint32_t character, char out[UTF8_MAX_SIZE])
{
	static const unsigned char LEADS[] = {0, 0, 0xc0, 0xe0, 0xf0};
	if (character < 0x80) {
		out[0] = (char)character;
		return 1;
	}
	size_t size = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
	for (size_t i = size - 1; i; i--, character >>= 6)
		out[i] = (char)(0x80 | (character & 0x3f));
	out[0] = (char)(LEADS[size] | character);
	return size;
}
