/* SPDX-License-Identifier: MIT */
#include "schemas/message_table.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/packed.h"
#include "common/utf8.h"

#include <msgpack.h>
#include <string.h>

_Static_assert(sizeof(enum message_kind) == sizeof(int), "NAME fields are enums, read and written as int");

/* --- fields of the struct */

static void *at(const struct message_field *field, const void *object)
{
	return (char *)(uintptr_t)object + field->offset;
}

static const char **text_at(const struct message_field *field, const void *object)
{
	return at(field, object);
}

static size_t *length_at(const struct message_field *field, const void *object)
{
	return (size_t *)(void *)((char *)(uintptr_t)object + field->length_offset);
}

static bool is_pointer(const struct message_field *field)
{
	return field->kind == MESSAGE_TEXT || field->kind == MESSAGE_PROSE || field->kind == MESSAGE_BYTES;
}

static bool is_present(const struct message_field *field, const void *object)
{
	if (is_pointer(field))
		return *text_at(field, object) != NULL;
	if (field->kind != MESSAGE_GROUP)
		return true;
	for (const struct message_field *inner = field->group; inner->name; inner++)
		if (is_pointer(inner) && *text_at(inner, at(field, object)))
			return true;
	return false;
}

/* --- packing */

static int write_to_buf(void *out, const char *bytes, size_t length)
{
	buf_append(out, bytes, length);
	return 0;
}

static void pack_text(msgpack_packer *packer, const char *text)
{
	msgpack_pack_str(packer, strlen(text));
	msgpack_pack_str_body(packer, text, strlen(text));
}

static void pack_group(msgpack_packer *packer, const struct message_field *table, const void *object);

static void pack_value(msgpack_packer *packer, const struct message_field *field, const void *object)
{
	switch (field->kind) {
	case MESSAGE_TEXT:
	case MESSAGE_PROSE:
		pack_text(packer, *text_at(field, object));
		break;
	case MESSAGE_INTEGER:
		msgpack_pack_int64(packer, *(const int64_t *)at(field, object));
		break;
	case MESSAGE_FLAG:
		(*(const bool *)at(field, object) ? msgpack_pack_true : msgpack_pack_false)(packer);
		break;
	case MESSAGE_NAME:
		pack_text(packer, field->names->to(*(const int *)at(field, object)));
		break;
	case MESSAGE_BYTES:
		msgpack_pack_bin(packer, *length_at(field, object));
		msgpack_pack_bin_body(packer, *text_at(field, object), *length_at(field, object));
		break;
	case MESSAGE_GROUP:
		pack_group(packer, field->group, at(field, object));
		break;
	}
}

static void pack_group(msgpack_packer *packer, const struct message_field *table, const void *object)
{
	size_t count = 0;
	for (const struct message_field *field = table; field->name; field++)
		count += is_present(field, object);
	msgpack_pack_map(packer, count);
	for (const struct message_field *field = table; field->name; field++) {
		if (!is_present(field, object))
			continue;
		pack_text(packer, field->name);
		pack_value(packer, field, object);
	}
}

void message_table_pack(const struct message_field *table, const void *object, struct buf *out)
{
	msgpack_packer packer;
	msgpack_packer_init(&packer, out, write_to_buf);
	pack_group(&packer, table, object);
}

/* --- unpacking */

static int refuse(const struct message_field *field, struct error *err)
{
	static const char *const EXPECTED[] = {
		[MESSAGE_TEXT] = "text in UTF-8 without NUL",
		[MESSAGE_PROSE] = "text",
		[MESSAGE_INTEGER] = "a whole number",
		[MESSAGE_FLAG] = "true or false",
		[MESSAGE_NAME] = "a name that is known here",
		[MESSAGE_BYTES] = "bytes",
		[MESSAGE_GROUP] = "a map",
	};
	if (field->kind == MESSAGE_INTEGER)
		return error_set(err, ERROR_INVALID, "%s: a whole number from %lld expected", field->name,
			(long long)field->minimum);
	return error_set(err, ERROR_INVALID, "%s: %s expected", field->name, EXPECTED[field->kind]);
}

static bool is_text(const msgpack_object *value)
{
	return value->type == MSGPACK_OBJECT_STR && !memchr(value->via.str.ptr, '\0', value->via.str.size) &&
	       utf8_is_valid(value->via.str.ptr, value->via.str.size);
}

static const char *repaired(const msgpack_object_str *text, struct arena *arena)
{
	static const char REPLACEMENT[] = "\xef\xbf\xbd";
	CLEANUP(buf_release) struct buf out = {0};
	buf_reserve(&out, text->size);
	for (size_t i = 0; i < text->size;) {
		size_t size = text->ptr[i] ? utf8_sequence(text->ptr + i, text->size - i) : 0;
		buf_append(&out, size ? text->ptr + i : REPLACEMENT, size ? size : sizeof(REPLACEMENT) - 1);
		i += size ? size : 1;
	}
	return arena_memdup(arena, out.data, out.length);
}

static int take_integer(const struct message_field *field, const msgpack_object *value, int64_t *out)
{
	bool positive = value->type == MSGPACK_OBJECT_POSITIVE_INTEGER && value->via.u64 <= INT64_MAX;
	if (!positive && value->type != MSGPACK_OBJECT_NEGATIVE_INTEGER)
		return -1;
	int64_t number = positive ? (int64_t)value->via.u64 : value->via.i64;
	if (number < field->minimum)
		return -1;
	*out = number;
	return 0;
}

static int take_name(
	const struct message_field *field, const msgpack_object *value, struct arena *arena, int *out)
{
	if (!is_text(value))
		return -1;
	int known = field->names->from(arena_memdup(arena, value->via.str.ptr, value->via.str.size));
	if (known < 0)
		return -1;
	*out = known;
	return 0;
}

/* Everything but groups. -1: the value is not of the field's kind. */
static int take_value(
	const struct message_field *field, const msgpack_object *value, struct arena *arena, void *object)
{
	switch (field->kind) {
	case MESSAGE_TEXT:
		if (!is_text(value))
			return -1;
		*text_at(field, object) = arena_memdup(arena, value->via.str.ptr, value->via.str.size);
		return 0;
	case MESSAGE_PROSE:
		if (value->type != MSGPACK_OBJECT_STR)
			return -1;
		*text_at(field, object) = repaired(&value->via.str, arena);
		return 0;
	case MESSAGE_INTEGER:
		return take_integer(field, value, at(field, object));
	case MESSAGE_FLAG:
		*(bool *)at(field, object) = value->type == MSGPACK_OBJECT_BOOLEAN && value->via.boolean;
		return value->type == MSGPACK_OBJECT_BOOLEAN ? 0 : -1;
	case MESSAGE_NAME:
		return take_name(field, value, arena, at(field, object));
	case MESSAGE_BYTES:
		if (value->type != MSGPACK_OBJECT_BIN)
			return -1;
		*text_at(field, object) = value->via.bin.ptr;
		*length_at(field, object) = value->via.bin.size;
		return 0;
	case MESSAGE_GROUP:
		break;
	}
	return -1;
}

static const msgpack_object *find(const msgpack_object_map *map, const char *name)
{
	size_t length = strlen(name);
	for (uint32_t i = 0; i < map->size; i++) {
		const msgpack_object_kv *pair = &map->ptr[i];
		if (pair->key.type == MSGPACK_OBJECT_STR && pair->key.via.str.size == length &&
			memcmp(pair->key.via.str.ptr, name, length) == 0)
			return pair->val.type == MSGPACK_OBJECT_NIL ? NULL : &pair->val;
	}
	return NULL;
}

static int take_group(const struct message_field *table, const msgpack_object_map *map, struct arena *arena,
	void *object, struct error *err)
{
	for (const struct message_field *field = table; field->name; field++) {
		const msgpack_object *value = find(map, field->name);
		if (!value && field->required)
			return error_set(err, ERROR_INVALID, "%s: missing", field->name);
		if (!value && field->kind == MESSAGE_INTEGER)
			*(int64_t *)at(field, object) = field->absent;
		if (!value)
			continue;
		if (field->kind != MESSAGE_GROUP) {
			if (take_value(field, value, arena, object))
				return refuse(field, err);
			continue;
		}
		if (value->type != MSGPACK_OBJECT_MAP)
			return refuse(field, err);
		if (take_group(field->group, &value->via.map, arena, at(field, object), err))
			return error_prefix(err, "%s.", field->name);
	}
	return 0;
}

int message_table_unpack(const struct message_field *table, const void *bytes, size_t length,
	struct arena *arena, void *object, struct error *err)
{
	if (packed_check(bytes, length, MESSAGE_MAX_DEPTH, MESSAGE_MAX_ITEMS, err))
		return -1;
	CLEANUP(msgpack_unpacked_destroy) msgpack_unpacked unpacked;
	msgpack_unpacked_init(&unpacked);
	if (msgpack_unpack_next(&unpacked, bytes, length, NULL) != MSGPACK_UNPACK_SUCCESS ||
		unpacked.data.type != MSGPACK_OBJECT_MAP)
		return error_set(err, ERROR_INVALID, "a msgpack map expected");
	return take_group(table, &unpacked.data.via.map, arena, object, err);
}
