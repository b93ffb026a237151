/* SPDX-License-Identifier: MIT */
#include "support/message_field.h"

#include "support/cmocka.h"

#include <msgpack.h>
#include <string.h>

static int write_to_buf(void *out, const char *bytes, size_t length)
{
	buf_append(out, bytes, length);
	return 0;
}

static bool is_named(const msgpack_object *key, const char *name)
{
	return name && key->via.str.size == strlen(name) &&
	       memcmp(key->via.str.ptr, name, key->via.str.size) == 0;
}

static void write_replaced(msgpack_packer *packer, const msgpack_object *map, const char *group,
	const char *name, const char *raw, size_t raw_length)
{
	struct buf *out = packer->data;
	bool here = !group;
	size_t kept = 0;
	for (uint32_t i = 0; i < map->via.map.size; i++)
		kept += !(here && is_named(&map->via.map.ptr[i].key, name));
	msgpack_pack_map(packer, kept + (here && raw));
	for (uint32_t i = 0; i < map->via.map.size; i++) {
		const msgpack_object_kv *pair = &map->via.map.ptr[i];
		if (here && is_named(&pair->key, name))
			continue;
		msgpack_pack_object(packer, pair->key);
		if (is_named(&pair->key, group))
			write_replaced(packer, &pair->val, NULL, name, raw, raw_length);
		else
			msgpack_pack_object(packer, pair->val);
	}
	if (here && raw) {
		msgpack_pack_str(packer, strlen(name));
		msgpack_pack_str_body(packer, name, strlen(name));
		buf_append(out, raw, raw_length);
	}
}

void message_field_replace(const struct buf *message, const char *group, const char *name, const char *raw,
	size_t raw_length, struct buf *out)
{
	msgpack_unpacked unpacked;
	msgpack_packer packer;
	msgpack_unpacked_init(&unpacked);
	assert_int_equal(
		msgpack_unpack_next(&unpacked, message->data, message->length, NULL), MSGPACK_UNPACK_SUCCESS);
	msgpack_packer_init(&packer, out, write_to_buf);
	write_replaced(&packer, &unpacked.data, group, name, raw, raw_length);
	msgpack_unpacked_destroy(&unpacked);
}
