/* SPDX-License-Identifier: MIT */
#include "schemas/msgpack_json.h"

#include "common/base64.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/json_text.h"
#include "common/memory.h"
#include "common/packed.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <msgpack.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_SIZE = 40, DIGITS_MAX = 40 };

/* --- numbers as decimals, to see whether a double holds one */

struct decimal {
	bool negative;
	char digits[DIGITS_MAX + 1]; /* without zeros at either end */
	size_t count;
	long exponent; /* of the last digit */
};

/* False: more digits than a double could tell apart. */
static bool read_decimal(const char *text, struct decimal *out)
{
	bool fraction = false;
	*out = (struct decimal){.negative = *text == '-'};
	for (text += out->negative; *text && *text != 'e' && *text != 'E'; text++) {
		fraction = fraction || *text == '.';
		if (*text == '.')
			continue;
		out->exponent -= fraction;
		if (out->count == 0 && *text == '0')
			continue;
		if (out->count == DIGITS_MAX)
			return false;
		out->digits[out->count++] = *text;
	}
	for (; out->count && out->digits[out->count - 1] == '0'; out->count--)
		out->exponent++;
	out->digits[out->count] = '\0';
	out->exponent += *text ? strtol(text + 1, NULL, 10) : 0;
	return true;
}

static bool same_number(const char *a, const char *b)
{
	struct decimal x, y;
	if (!read_decimal(a, &x) || !read_decimal(b, &y) || x.count != y.count ||
		memcmp(x.digits, y.digits, x.count) != 0)
		return false;
	return x.count == 0 || (x.negative == y.negative && x.exponent == y.exponent);
}

/* The shortest text that reads back as the same double. */
static void print_double(double number, char out[NUMBER_SIZE])
{
	for (int precision = 15; precision <= 17; precision++) {
		snprintf(out, NUMBER_SIZE, "%.*g", precision, number);
		if (strtod(out, NULL) == number)
			return;
	}
}

/* --- from msgpack */

/* msgpack-c has no pointer to what is empty. */
static const char *bytes_of(const char *bytes)
{
	return bytes ? bytes : "";
}

/* What is not UTF-8 is not this function's to see. */
static void append_string(struct buf *out, const char *text, size_t length)
{
	size_t begun = 0;
	buf_append(out, "\"", 1);
	for (size_t at = 0; at < length; at++) {
		unsigned char byte = (unsigned char)text[at];
		if (byte >= 0x20 && byte != '"' && byte != '\\')
			continue;
		buf_append(out, text + begun, at - begun);
		buf_printf(out, "\\u%04x", byte);
		begun = at + 1;
	}
	buf_append(out, text + begun, length - begun);
	buf_append(out, "\"", 1);
}

static void append_base64(struct buf *out, const char *bytes, size_t length)
{
	size_t size = base64_encoded_length(length, BASE64_STANDARD);
	buf_append(out, "\"", 1);
	buf_reserve(out, size + 1);
	base64_encode(bytes, length, BASE64_STANDARD, out->data + out->length);
	out->length += size;
	buf_append(out, "\"", 1);
}

static int bad(struct error *err, const char *cause)
{
	error_set(err, ERROR_BAD_REQUEST, "Cannot parse request body");
	return error_add_cause(err, "%s", cause);
}

static int append_float(struct buf *out, double number, struct error *err)
{
	char text[NUMBER_SIZE];
	if (!isfinite(number))
		return bad(err, "a float is not finite");
	print_double(number, text);
	buf_append_text(out, text);
	return 0;
}

static int append_object(struct buf *out, const msgpack_object *object, struct error *err);

static int append_ext(struct buf *out, const msgpack_object_ext *ext, struct error *err)
{
	struct error ignored;
	if (ext->size == 0 || ext->type != MSGPACK_JSON_DECIMAL ||
		json_text_check(ext->ptr, ext->size, 0, &ignored) || !memchr("-0123456789", ext->ptr[0], 11))
		return bad(err, "an ext is no decimal");
	buf_append(out, ext->ptr, ext->size);
	return 0;
}

static int append_array(struct buf *out, const msgpack_object_array *array, struct error *err)
{
	buf_append(out, "[", 1);
	for (uint32_t i = 0; i < array->size; i++) {
		buf_append(out, ",", i > 0);
		if (append_object(out, &array->ptr[i], err))
			return -1;
	}
	buf_append(out, "]", 1);
	return 0;
}

static int append_map(struct buf *out, const msgpack_object_map *map, struct error *err)
{
	buf_append(out, "{", 1);
	for (uint32_t i = 0; i < map->size; i++) {
		const msgpack_object *key = &map->ptr[i].key;
		if (key->type != MSGPACK_OBJECT_STR)
			return bad(err, "a name is no text");
		buf_append(out, ",", i > 0);
		append_string(out, bytes_of(key->via.str.ptr), key->via.str.size);
		buf_append(out, ":", 1);
		if (append_object(out, &map->ptr[i].val, err))
			return -1;
	}
	buf_append(out, "}", 1);
	return 0;
}

static int append_object(struct buf *out, const msgpack_object *object, struct error *err)
{
	switch (object->type) {
	case MSGPACK_OBJECT_BOOLEAN:
		buf_append_text(out, object->via.boolean ? "true" : "false");
		return 0;
	case MSGPACK_OBJECT_POSITIVE_INTEGER:
		buf_printf(out, "%" PRIu64, object->via.u64);
		return 0;
	case MSGPACK_OBJECT_NEGATIVE_INTEGER:
		buf_printf(out, "%" PRId64, object->via.i64);
		return 0;
	case MSGPACK_OBJECT_FLOAT32:
	case MSGPACK_OBJECT_FLOAT64:
		return append_float(out, object->via.f64, err);
	case MSGPACK_OBJECT_STR:
		append_string(out, bytes_of(object->via.str.ptr), object->via.str.size);
		return 0;
	case MSGPACK_OBJECT_BIN:
		append_base64(out, bytes_of(object->via.bin.ptr), object->via.bin.size);
		return 0;
	case MSGPACK_OBJECT_EXT:
		return append_ext(out, &object->via.ext, err);
	case MSGPACK_OBJECT_ARRAY:
		return append_array(out, &object->via.array, err);
	case MSGPACK_OBJECT_MAP:
		return append_map(out, &object->via.map, err);
	default:
		buf_append_text(out, "null");
		return 0;
	}
}

static void release_unpacked(msgpack_unpacked *unpacked)
{
	msgpack_unpacked_destroy(unpacked);
}

int json_of_msgpack(const void *bytes, size_t length, struct buf *out, struct error *err)
{
	struct error why;
	CLEANUP(release_unpacked) msgpack_unpacked unpacked;
	msgpack_unpacked_init(&unpacked);
	size_t offset = 0;
	if (packed_check(bytes, length, MSGPACK_JSON_DEPTH - 1, MSGPACK_JSON_VALUES, &why))
		return bad(err, why.cause);
	if (msgpack_unpack_next(&unpacked, bytes, length, &offset) != MSGPACK_UNPACK_SUCCESS)
		return bad(err, "not msgpack");
	return append_object(out, &unpacked.data, err);
}

/* --- to msgpack */

struct encoder {
	const char *at, *end;
	const char *const *binary;
	size_t depth;   /* of objects */
	size_t matched; /* names of the path that lead to where we are */
	struct buf *out;
	msgpack_packer packer;
	struct buf text; /* of one string, its escapes resolved */
};

static int write_to_buf(void *out, const char *bytes, size_t length)
{
	buf_append(out, bytes, length);
	return 0;
}

static void skip_space(struct encoder *encoder)
{
	while (encoder->at < encoder->end && memchr(" \t\r\n", *encoder->at, 4))
		encoder->at++;
}

/* Leaves the string at the cursor in `text`, behind it the cursor. */
static void take_string(struct encoder *encoder)
{
	const char *begin = ++encoder->at;
	while (*encoder->at != '"')
		encoder->at += *encoder->at == '\\' ? 2 : 1;
	buf_clear(&encoder->text);
	json_text_unescape(begin, (size_t)(encoder->at - begin), &encoder->text);
	encoder->at++;
}

static bool write_binary(struct encoder *encoder)
{
	size_t length = encoder->text.length;
	CLEANUP(cleanup_free) char *bytes = memory_alloc(length / 4 * 3 + 3);
	ssize_t size =
		base64_decode(encoder->text.data ? encoder->text.data : "", length, BASE64_STANDARD, bytes);
	if (size < 0)
		return false;
	msgpack_pack_bin(&encoder->packer, (size_t)size);
	msgpack_pack_bin_body(&encoder->packer, bytes, (size_t)size);
	return true;
}

static void write_text(struct encoder *encoder)
{
	msgpack_pack_str(&encoder->packer, encoder->text.length);
	msgpack_pack_str_body(&encoder->packer, bytes_of(encoder->text.data), encoder->text.length);
}

/* Integers that 64 bits hold; but -0 is a float's. */
static bool write_integer(struct encoder *encoder, const char *text)
{
	char *end;
	errno = 0;
	if (strpbrk(text, ".eE") || strcmp(text, "-0") == 0)
		return false;
	if (*text == '-') {
		long long number = strtoll(text, &end, 10);
		if (errno == 0)
			msgpack_pack_int64(&encoder->packer, number);
	} else {
		unsigned long long number = strtoull(text, &end, 10);
		if (errno == 0)
			msgpack_pack_uint64(&encoder->packer, number);
	}
	return errno == 0;
}

static void write_number(struct encoder *encoder)
{
	const char *begin = encoder->at;
	while (encoder->at < encoder->end && memchr("+-.0123456789eE", *encoder->at, 15))
		encoder->at++;
	char printed[NUMBER_SIZE];
	buf_clear(&encoder->text);
	buf_append(&encoder->text, begin, (size_t)(encoder->at - begin));
	const char *text = encoder->text.data;
	if (write_integer(encoder, text))
		return;
	double number = strtod(text, NULL);
	print_double(isfinite(number) ? number : 0, printed);
	if (isfinite(number) && same_number(text, printed)) {
		msgpack_pack_double(&encoder->packer, number);
		return;
	}
	msgpack_pack_ext(&encoder->packer, encoder->text.length, MSGPACK_JSON_DECIMAL);
	msgpack_pack_ext_body(&encoder->packer, text, encoder->text.length);
}

/* The count is known at the end only: a head of five bytes, filled in then. */
static size_t begin_container(struct encoder *encoder, unsigned char type)
{
	size_t at = encoder->out->length;
	const unsigned char head[5] = {type};
	buf_append(encoder->out, head, sizeof(head));
	encoder->at++;
	skip_space(encoder);
	return at;
}

static void end_container(struct encoder *encoder, size_t at, uint32_t count)
{
	for (int byte = 0; byte < 4; byte++)
		encoder->out->data[at + 1 + (size_t)byte] = (char)(count >> (24 - 8 * byte));
	encoder->at++;
}

static void write_value(struct encoder *encoder);

static bool next_element(struct encoder *encoder)
{
	skip_space(encoder);
	if (*encoder->at != ',')
		return false;
	encoder->at++;
	return true;
}

static void write_array(struct encoder *encoder)
{
	size_t matched = encoder->matched, at = begin_container(encoder, 0xdd);
	uint32_t count = 0;
	encoder->matched = SIZE_MAX; /* paths do not lead through lists */
	if (*encoder->at != ']') {
		do {
			write_value(encoder);
			count++;
		} while (next_element(encoder));
	}
	encoder->matched = matched;
	end_container(encoder, at, count);
}

static void write_member(struct encoder *encoder)
{
	size_t matched = encoder->matched;
	skip_space(encoder);
	take_string(encoder);
	bool on_path = encoder->binary && matched == encoder->depth - 1 && encoder->binary[matched] &&
		       encoder->text.length == strlen(encoder->binary[matched]) &&
		       memcmp(encoder->text.data, encoder->binary[matched], encoder->text.length) == 0;
	write_text(encoder);
	skip_space(encoder);
	encoder->at++; /* the colon */
	encoder->matched = on_path ? matched + 1 : SIZE_MAX;
	write_value(encoder);
	encoder->matched = matched;
}

static void write_map(struct encoder *encoder)
{
	size_t at = begin_container(encoder, 0xdf);
	uint32_t count = 0;
	encoder->depth++;
	if (*encoder->at != '}') {
		do {
			write_member(encoder);
			count++;
		} while (next_element(encoder));
	}
	encoder->depth--;
	end_container(encoder, at, count);
}

static bool is_binary(const struct encoder *encoder)
{
	return encoder->binary && encoder->matched != SIZE_MAX && encoder->matched > 0 &&
	       !encoder->binary[encoder->matched];
}

static void write_string(struct encoder *encoder)
{
	take_string(encoder);
	if (!is_binary(encoder) || !write_binary(encoder))
		write_text(encoder);
}

static void write_value(struct encoder *encoder)
{
	skip_space(encoder);
	switch (*encoder->at) {
	case '{':
		write_map(encoder);
		break;
	case '[':
		write_array(encoder);
		break;
	case '"':
		write_string(encoder);
		break;
	case 't':
		msgpack_pack_true(&encoder->packer);
		encoder->at += 4;
		break;
	case 'f':
		msgpack_pack_false(&encoder->packer);
		encoder->at += 5;
		break;
	case 'n':
		msgpack_pack_nil(&encoder->packer);
		encoder->at += 4;
		break;
	default:
		write_number(encoder);
	}
}

void msgpack_of_json(const char *text, size_t length, const char *const *binary, struct buf *out)
{
	struct encoder encoder = {.at = text, .end = text + length, .binary = binary, .out = out};
	msgpack_packer_init(&encoder.packer, out, write_to_buf);
	write_value(&encoder);
	buf_release(&encoder.text);
}
