/* SPDX-License-Identifier: MIT */
/*
 * One pass without recursion: a frame for each open object or array, on the heap, so that neither depth
 * nor size of a stranger's text reaches the thread's stack. The frames also know the way to the present
 * value, for the message.
 */
#include "common/json_text.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { MAX_DIGITS = 10000, MAX_EXPONENT = 400 };

struct frame {
	bool object;
	size_t index;     /* array: of the present element */
	const char *name; /* object: of the present member, still escaped */
	size_t name_length;
};

struct reader {
	const char *at, *start, *end;
	struct buf frames;
	int depth;
	struct json_text_limits limits;
	bool unstorable; /* the first such string is in err; a syntax error further on replaces it */
	struct error *err;
};

/* --- the way to the present value */

static struct frame *top_frame(struct reader *reader)
{
	return (struct frame *)(void *)reader->frames.data + reader->depth - 1;
}

static int open_frame(struct reader *reader, bool object)
{
	struct frame frame = {.object = object};
	if (reader->depth == reader->limits.max_depth)
		return error_set(
			reader->err, ERROR_TOO_LARGE, "JSON nested deeper than %d", reader->limits.max_depth);
	buf_append(&reader->frames, &frame, sizeof(frame));
	reader->depth++;
	return 0;
}

static void close_frame(struct reader *reader)
{
	reader->frames.length -= sizeof(struct frame);
	reader->depth--;
}

static uint32_t hex4(const char *digits)
{
	uint32_t value = 0;
	for (int i = 0; i < 4; i++) {
		char c = digits[i];
		value = value << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return value;
}

static bool is_high_surrogate(uint32_t unit)
{
	return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low_surrogate(uint32_t unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

/* What an escape in a checked name stands for. `at` is behind the backslash; returns what is behind the
 * escape. */
static const char *append_unescaped(const char *at, struct buf *out)
{
	static const char SHORT[] = "b\bf\fn\nr\rt\t";
	if (*at != 'u') {
		const char *pair = strchr(SHORT, *at);
		buf_append(out, pair ? pair + 1 : at, 1);
		return at + 1;
	}
	char bytes[UTF8_MAX_SIZE];
	uint32_t character = hex4(at + 1);
	at += 5;
	if (is_high_surrogate(character)) {
		character = 0x10000 + ((character - 0xd800) << 10) + (hex4(at + 2) - 0xdc00);
		at += 6;
	}
	buf_append(out, bytes, utf8_encode(character, bytes));
	return at;
}

void json_text_unescape(const char *text, size_t length, struct buf *out)
{
	buf_reserve(out, length);
	for (const char *end = text + length; text < end;) {
		if (*text == '\\')
			text = append_unescaped(text + 1, out);
		else
			buf_append(out, text++, 1);
	}
}

/* RFC 6901: a token of a JSON pointer. */
static void append_token(const char *name, size_t length, struct buf *pointer)
{
	CLEANUP(buf_release) struct buf plain = {0};
	json_text_unescape(name, length, &plain);
	buf_append(pointer, "/", 1);
	for (size_t i = 0; i < plain.length; i++) {
		char c = plain.data[i];
		buf_append(pointer, c == '~' ? "~0" : c == '/' ? "~1" : &c, c == '~' || c == '/' ? 2 : 1);
	}
}

static void append_pointer(struct reader *reader, bool in_name, struct buf *pointer)
{
	const struct frame *frames = (const struct frame *)(const void *)reader->frames.data;
	int depth = in_name ? reader->depth - 1 : reader->depth;
	for (int i = 0; i < depth && pointer->length < sizeof(reader->err->message); i++) {
		if (frames[i].object)
			append_token(frames[i].name, frames[i].name_length, pointer);
		else
			buf_printf(pointer, "/%zu", frames[i].index);
	}
}

/* --- the grammar */

static int malformed(struct reader *reader, const char *expected)
{
	error_set(reader->err, ERROR_BAD_REQUEST, "Cannot parse request body");
	return error_add_cause(
		reader->err, "JSON: %s expected at byte %zu", expected, (size_t)(reader->at - reader->start));
}

/* "a string cannot hold \\u0000: /a/0" */
static void refuse(struct reader *reader, const char *subject, const char *what, bool in_name)
{
	if (reader->unstorable)
		return;
	CLEANUP(buf_release) struct buf pointer = {0};
	append_pointer(reader, in_name, &pointer);
	reader->unstorable = true;
	error_set(reader->err, ERROR_INVALID, "%s cannot %s: %s", subject, what,
		pointer.length ? pointer.data
		: in_name      ? "in the outermost object"
			       : "the whole document");
}

static void unstorable(struct reader *reader, const char *what, bool in_name)
{
	refuse(reader, in_name ? "a member's name" : "a string", what, in_name);
}

/* '\0' at the end; a NUL in the text is nowhere part of the grammar either. */
static char peek(const struct reader *reader)
{
	return reader->at < reader->end ? *reader->at : '\0';
}

static void skip_space(struct reader *reader)
{
	while (reader->at < reader->end &&
		(*reader->at == ' ' || *reader->at == '\n' || *reader->at == '\t' || *reader->at == '\r'))
		reader->at++;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int scan_digits(struct reader *reader)
{
	if (!is_digit(peek(reader)))
		return malformed(reader, "a digit");
	while (is_digit(peek(reader)))
		reader->at++;
	return 0;
}

/* jsonb writes numbers out: 1e100000 would come back as a hundred thousand digits. */
static int scan_exponent(struct reader *reader)
{
	reader->at++;
	if (peek(reader) == '+' || peek(reader) == '-')
		reader->at++;
	const char *digits = reader->at;
	if (scan_digits(reader))
		return -1;
	int exponent = 0;
	for (; digits < reader->at && exponent <= MAX_EXPONENT; digits++)
		exponent = 10 * exponent + (*digits - '0');
	if (exponent > MAX_EXPONENT)
		refuse(reader, "a number", "have such an exponent", false);
	return 0;
}

static int scan_number(struct reader *reader)
{
	const char *start = reader->at;
	if (peek(reader) == '-')
		reader->at++;
	if (peek(reader) == '0')
		reader->at++;
	else if (scan_digits(reader))
		return -1;
	if (peek(reader) == '.') {
		reader->at++;
		if (scan_digits(reader))
			return -1;
	}
	if (reader->at - start > MAX_DIGITS)
		refuse(reader, "a number", "have so many digits", false);
	return peek(reader) == 'e' || peek(reader) == 'E' ? scan_exponent(reader) : 0;
}

/* Behind "\u": four hex digits. */
static int scan_unit(struct reader *reader, uint32_t *unit)
{
	for (int i = 0; i < 4; i++) {
		char c = i < reader->end - reader->at ? reader->at[i] : '\0';
		if (!is_digit(c) && !((c | 0x20) >= 'a' && (c | 0x20) <= 'f'))
			return malformed(reader, "four hex digits");
	}
	*unit = hex4(reader->at);
	reader->at += 4;
	return 0;
}

static int scan_escape(struct reader *reader, bool in_name)
{
	uint32_t unit = 0, next = 0;
	char c = peek(reader);
	if (!c || !strchr("\"\\/bfnrtu", c))
		return malformed(reader, "an escaped character");
	reader->at++;
	if (c != 'u')
		return 0;
	if (scan_unit(reader, &unit))
		return -1;
	if (!unit)
		unstorable(reader, "hold \\u0000", in_name);
	if (is_high_surrogate(unit) && reader->end - reader->at >= 2 && memcmp(reader->at, "\\u", 2) == 0) {
		const char *second = reader->at;
		reader->at += 2;
		if (scan_unit(reader, &next))
			return -1;
		if (is_low_surrogate(next))
			return 0;
		reader->at = second; /* an escape of its own */
	}
	if (is_high_surrogate(unit) || is_low_surrogate(unit))
		unstorable(reader, "hold half a surrogate pair", in_name);
	return 0;
}

static void check_length(struct reader *reader, const char *start, bool in_name)
{
	char what[60];
	if (!reader->limits.max_string || (size_t)(reader->at - start) <= reader->limits.max_string)
		return;
	snprintf(what, sizeof(what), "be longer than %zu bytes", reader->limits.max_string);
	unstorable(reader, what, in_name);
}

/* At the opening quote. */
static int scan_string(struct reader *reader, bool in_name)
{
	const char *start = ++reader->at;
	while (reader->at < reader->end) {
		unsigned char c = (unsigned char)*reader->at;
		if (c == '"') {
			check_length(reader, start, in_name);
			reader->at++;
			return 0;
		}
		if (c < 0x20)
			return malformed(reader, "no control character");
		if (c == '\\') {
			reader->at++;
			if (scan_escape(reader, in_name))
				return -1;
			continue;
		}
		size_t size = c < 0x80 ? 1 : utf8_sequence(reader->at, (size_t)(reader->end - reader->at));
		if (!size)
			return malformed(reader, "UTF-8");
		reader->at += size;
	}
	return malformed(reader, "a closing quote");
}

/* A member's name and its colon. */
static int scan_name(struct reader *reader)
{
	skip_space(reader);
	if (peek(reader) != '"')
		return malformed(reader, "a member's name");
	const char *name = reader->at + 1;
	if (scan_string(reader, true))
		return -1;
	struct frame *frame = top_frame(reader);
	frame->name = name;
	frame->name_length = (size_t)(reader->at - 1 - name);
	skip_space(reader);
	if (peek(reader) != ':')
		return malformed(reader, "':'");
	reader->at++;
	return 0;
}

/* What Python's json writes for numbers that JSON does not have. */
static bool skip_non_number(struct reader *reader)
{
	static const char *const WORDS[] = {"NaN", "Infinity", "-Infinity"};
	for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
		size_t length = strlen(WORDS[i]);
		if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, WORDS[i], length) != 0)
			continue;
		refuse(reader, "a number", "be NaN or infinite", false);
		reader->at += length;
		return true;
	}
	return false;
}

static int scan_scalar(struct reader *reader)
{
	static const char *const LITERALS[] = {"true", "false", "null"};
	char c = peek(reader);
	if (c == '"')
		return scan_string(reader, false);
	if (skip_non_number(reader))
		return 0;
	if (c == '-' || is_digit(c))
		return scan_number(reader);
	for (size_t i = 0; i < sizeof(LITERALS) / sizeof(LITERALS[0]); i++) {
		size_t length = strlen(LITERALS[i]);
		if ((size_t)(reader->end - reader->at) < length ||
			memcmp(reader->at, LITERALS[i], length) != 0)
			continue;
		reader->at += length;
		return 0;
	}
	return malformed(reader, "a value");
}

static char closing(const struct frame *frame)
{
	return frame->object ? '}' : ']';
}

/* Opens objects and arrays until a scalar has been read, or one of them is found empty. */
static int scan_inwards(struct reader *reader)
{
	for (;;) {
		skip_space(reader);
		char c = peek(reader);
		if (c != '{' && c != '[')
			return scan_scalar(reader);
		if (open_frame(reader, c == '{'))
			return -1;
		reader->at++;
		skip_space(reader);
		if (peek(reader) == closing(top_frame(reader)))
			return 0;
		if (c == '{' && scan_name(reader))
			return -1;
	}
}

/* Closes objects and arrays behind a value. Returns 1 when another value follows, 0 when the outermost is
 * complete, or -1. */
static int scan_outwards(struct reader *reader)
{
	while (reader->depth) {
		struct frame *frame = top_frame(reader);
		skip_space(reader);
		if (peek(reader) == closing(frame)) {
			reader->at++;
			close_frame(reader);
			continue;
		}
		if (peek(reader) != ',')
			return malformed(reader, frame->object ? "',' or '}'" : "',' or ']'");
		reader->at++;
		frame->index++;
		return frame->object && scan_name(reader) ? -1 : 1;
	}
	return 0;
}

static int scan_document(struct reader *reader)
{
	int more;
	do {
		if (scan_inwards(reader))
			return -1;
		more = scan_outwards(reader);
	} while (more == 1);
	if (more)
		return -1;
	skip_space(reader);
	return reader->at == reader->end ? 0 : malformed(reader, "the end");
}

int json_text_check_within(
	const char *text, size_t length, const struct json_text_limits *limits, struct error *err)
{
	struct reader reader = {
		.at = text, .start = text, .end = text + length, .limits = *limits, .err = err};
	int result = scan_document(&reader);
	buf_release(&reader.frames);
	return result || reader.unstorable ? -1 : 0;
}

int json_text_check(const char *text, size_t length, int max_depth, struct error *err)
{
	return json_text_check_within(text, length, &(struct json_text_limits){.max_depth = max_depth}, err);
}
