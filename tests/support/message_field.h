/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_MESSAGE_FIELD_H
#define TESTS_SUPPORT_MESSAGE_FIELD_H

#include "common/buf.h"

/* Appends the msgpack message with one field, at the top or in the map `group`, put to raw msgpack bytes (NULL: removed). */
void message_field_replace(const struct buf *message, const char *group, const char *name, const char *raw,
	size_t raw_length, struct buf *out);

#endif
