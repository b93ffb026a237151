/* SPDX-License-Identifier: MIT */
#ifndef SCHEMAS_MESSAGE_TABLE_H
#define SCHEMAS_MESSAGE_TABLE_H

/*
 * A C struct as a msgpack map: one const table per struct names the fields, which both directions read. Adding
 * a row is adding the field.
 *
 *	kind	 struct field		   on the wire
 *	TEXT	 const char *		   str, UTF-8 without NUL; left out when NULL
 *	PROSE	 const char *		   the same, but what is no text becomes U+FFFD on arrival: for messages to people
 *	INTEGER	 int64_t		   int, at least `minimum`; `absent` when left out
 *	FLAG	 bool			   bool; false when left out
 *	NAME	 int or enum		   str, one of `names`
 *	BYTES	 const void * and size_t   bin; NULL when left out
 *	GROUP	 a struct		   map by `group`; left out when no pointer in it is set
 * A nil counts as left out. Fields that the table does not know are ignored, of repeated ones the first counts.
 */

#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;

enum message_kind {
	MESSAGE_TEXT,
	MESSAGE_PROSE,
	MESSAGE_INTEGER,
	MESSAGE_FLAG,
	MESSAGE_NAME,
	MESSAGE_BYTES,
	MESSAGE_GROUP,
};

struct message_names {
	int (*from)(const char *name); /* -1: unknown */
	const char *(*to)(int value);
};

struct message_field {
	const char *name; /* NULL ends the table */
	enum message_kind kind;
	size_t offset;
	bool required;
	int64_t minimum, absent;           /* INTEGER */
	size_t length_offset;              /* BYTES: of the size_t */
	const struct message_names *names; /* NAME */
	const struct message_field *group; /* GROUP */
};

enum { MESSAGE_MAX_ITEMS = 512, MESSAGE_MAX_DEPTH = 8 /* within fields unknown here, too */ };

void message_table_pack(const struct message_field *table, const void *object, struct buf *out);
/* Fills a zeroed object. Texts are lent by the arena, bytes by the message. INVALID, naming the field. */
MUST_CHECK int message_table_unpack(const struct message_field *table, const void *bytes, size_t length,
	struct arena *arena, void *object, struct error *err);

#endif
