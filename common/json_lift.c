/* SPDX-License-Identifier: MIT */
/*
 * Strings are found by their quotes and the nesting by brackets, which is all that a well-formed text needs.
 * Where a text is not well-formed the first fault lies in what is kept, or in the string that is taken, which is
 * checked here as json_text.c does it.
 */
#include "common/json_lift.h"

#include "common/buf.h"
#include "common/hex.h"
#include "common/utf8.h"

#include <stdint.h>
#include <string.h>
#include <sys/types.h>

void json_lift_init(struct json_lift *lift, const char *name, const struct json_lift_sink *sink)
{
	*lift = (struct json_lift){.name = name, .sink = *sink, .escape_length = -1};
}

static int malformed(const char *what, struct error *err)
{
	error_set(err, ERROR_BAD_REQUEST, "Cannot parse request body");
	return error_add_cause(err, "JSON: %s in a string", what);
}

/* --- what a string stands for, piece by piece: a name is compared, a value goes to the sink */

static int take(struct json_lift *lift, const char *bytes, size_t length, struct error *err)
{
	if (lift->state == LIFT_VALUE)
		return lift->sink.write(lift->sink.context, bytes, length, err);
	size_t left = strlen(lift->name) - lift->name_at;
	lift->is_name =
		lift->is_name && length <= left && memcmp(lift->name + lift->name_at, bytes, length) == 0;
	lift->name_at += lift->is_name ? length : 0;
	return 0;
}

/* A unit of its own; surrogates are no character of any name or value that interests. */
static int take_unit(struct json_lift *lift, const char digits[4], struct error *err)
{
	unsigned char unit[2];
	char text[5], bytes[UTF8_MAX_SIZE];
	memcpy(text, digits, 4);
	text[4] = '\0';
	if (hex_decode(text, unit, sizeof(unit)) != 0)
		return malformed("four hex digits expected", err);
	uint32_t character = (uint32_t)unit[0] << 8 | unit[1];
	bool is_surrogate = character >= 0xd800 && character <= 0xdfff;
	return take(lift, bytes, utf8_encode(is_surrogate ? 0xfffd : character, bytes), err);
}

/* One character of an escape. */
static int take_escaped(struct json_lift *lift, char c, struct error *err)
{
	static const char SHORT[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
	lift->escape[lift->escape_length++] = c;
	if (lift->escape[0] == 'u') {
		if (lift->escape_length < 5)
			return 0;
		lift->escape_length = -1;
		return take_unit(lift, lift->escape + 1, err);
	}
	lift->escape_length = -1;
	for (const char *pair = SHORT; *pair; pair += 2)
		if (*pair == c)
			return take(lift, pair + 1, 1, err);
	return malformed("an escaped character expected", err);
}

/* One byte of a character beyond ASCII. */
static int take_sequence(struct json_lift *lift, char c, struct error *err)
{
	lift->sequence[lift->sequence_length++] = c;
	size_t size = utf8_sequence(lift->sequence, lift->sequence_length);
	if (size == 0)
		return lift->sequence_length < sizeof(lift->sequence) ? 0 : malformed("UTF-8 expected", err);
	lift->sequence_length = 0;
	return take(lift, lift->sequence, size, err);
}

/* Of a name, only what is well-formed can be the wanted one; the rest is for others to complain about. */
static int take_forgiving(struct json_lift *lift, int taken, struct error *err)
{
	if (taken == 0 || lift->state == LIFT_VALUE)
		return taken;
	*err = (struct error){.code = ERROR_NONE};
	lift->is_name = false;
	lift->sequence_length = 0;
	return 0;
}

static void end_string(struct json_lift *lift)
{
	lift->is_name = lift->is_name && lift->name_at == strlen(lift->name);
	if (lift->depth == 1)
		lift->expected = lift->state == LIFT_NAME ? ':' : ',';
	lift->state = LIFT_PLAIN;
}

/* Whether none of eight bytes is a quote, a backslash, a control character or beyond ASCII. */
static bool are_plain(const char *text)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = 0x80 * ones;
	uint64_t bytes;
	memcpy(&bytes, text, sizeof(bytes));
	uint64_t quotes = bytes ^ '"' * ones, backslashes = bytes ^ '\\' * ones;
	uint64_t below = (bytes - ' ' * ones) & ~bytes;
	uint64_t equal = ((quotes - ones) & ~quotes) | ((backslashes - ones) & ~backslashes);
	return ((bytes | below | equal) & tops) == 0;
}

/* How many bytes stand only for themselves. */
static size_t plain_run(const char *text, size_t length)
{
	size_t run = 0;
	while (length - run >= sizeof(uint64_t) && are_plain(text + run))
		run += sizeof(uint64_t);
	while (run < length && (unsigned char)text[run] >= ' ' && (unsigned char)text[run] < 0x80 &&
		text[run] != '"' && text[run] != '\\')
		run++;
	return run;
}

/* Returns how many bytes were taken, -1. */
static ssize_t step_in_read_string(struct json_lift *lift, const char *text, size_t length, struct error *err)
{
	const char c = *text;
	if (lift->escape_length >= 0)
		return take_escaped(lift, c, err) ? -1 : 1;
	if ((unsigned char)c >= 0x80)
		return take_sequence(lift, c, err) ? -1 : 1;
	if (lift->sequence_length > 0)
		return malformed("UTF-8 expected", err);
	size_t run = plain_run(text, length);
	if (run > 0)
		return take(lift, text, run, err) ? -1 : (ssize_t)run;
	if (c == '\\')
		lift->escape_length = 0;
	else if (c == '"')
		end_string(lift);
	else
		return malformed("no control character expected", err);
	return 1;
}

/* --- what stays */

/* In a string that stays: to its end, or that of the piece. */
static size_t step_in_string(struct json_lift *lift, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (lift->escape_length >= 0) {
			lift->escape_length = -1;
		} else if (text[i] == '\\') {
			lift->escape_length = 0;
		} else if (text[i] == '"') {
			end_string(lift);
			return i + 1;
		}
	}
	return length;
}

static void begin_string(struct json_lift *lift)
{
	bool member = lift->depth == 1 && lift->in_object;
	lift->state = LIFT_STRING;
	if (member && lift->expected == '"') {
		lift->state = LIFT_NAME;
		lift->is_name = true;
		lift->name_at = 0;
	} else if (member && lift->expected == 'v' && lift->is_name) {
		lift->state = LIFT_VALUE;
		lift->sink.begin(lift->sink.context);
	}
}

static void step_outside(struct json_lift *lift, char c)
{
	switch (c) {
	case '"':
		begin_string(lift);
		break;
	case '{':
	case '[':
		if (lift->depth++ == 0) {
			lift->in_object = c == '{';
			lift->expected = '"';
		}
		break;
	case '}':
	case ']':
		lift->depth -= lift->depth > 0;
		lift->expected = ',';
		break;
	case ':':
		if (lift->depth == 1 && lift->expected == ':')
			lift->expected = 'v';
		break;
	case ',':
		if (lift->depth == 1)
			lift->expected = '"';
		break;
	default:
		break;
	}
}

/* One step from where the state stands. Returns how many bytes it took, -1. */
static ssize_t step(
	struct json_lift *lift, const char *text, size_t length, struct buf *kept, struct error *err)
{
	size_t taken = 1;
	if (lift->state == LIFT_VALUE) {
		ssize_t got = step_in_read_string(lift, text, length, err);
		if (lift->state == LIFT_PLAIN)
			buf_append(kept, "\"", 1);
		return got;
	}
	if (lift->state == LIFT_NAME) {
		ssize_t got = step_in_read_string(lift, text, length, err);
		if (take_forgiving(lift, got < 0 ? -1 : 0, err))
			return -1;
		taken = got < 0 ? 1 : (size_t)got;
	} else if (lift->state == LIFT_STRING) {
		taken = step_in_string(lift, text, length);
	} else {
		step_outside(lift, *text);
	}
	buf_append(kept, text, taken);
	return (ssize_t)taken;
}

int json_lift_feed(
	struct json_lift *lift, const char *text, size_t length, struct buf *kept, struct error *err)
{
	while (length > 0) {
		ssize_t taken = step(lift, text, length, kept, err);
		if (taken < 0)
			return -1;
		text += taken;
		length -= (size_t)taken;
	}
	return 0;
}
