/* SPDX-License-Identifier: MIT */
#ifndef COMMON_JSON_LIFT_H
#define COMMON_JSON_LIFT_H

/*
 * Takes one member's string out of a JSON object while its text comes by in pieces, so that a text with
 * gigabytes in that string needs no more memory than the rest of it. What is left is the same text with "" in
 * its place: it is well-formed if and only if the whole is, and json_text_check() decides that. Only a member of
 * the outermost object counts, however its name is escaped; of several with that name each is taken, one after
 * another. Used by one thread.
 */

#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;

struct json_lift_sink {
	/* A string begins: one before it counts no longer. */
	void (*begin)(void *context);
	/* A piece of what it stands for, its escapes resolved (an escaped surrogate, paired or not, is
	 * U+FFFD). -1 and *err ends the whole. */
	int (*write)(void *context, const char *bytes, size_t length, struct error *err);
	void *context;
};

enum json_lift_state { /* the module's own */
	LIFT_PLAIN,    /* outside of strings */
	LIFT_STRING,   /* in one that stays */
	LIFT_NAME,     /* in the name of a member of the outermost object */
	LIFT_VALUE,    /* in the one that is taken */
};

struct json_lift {
	const char *name; /* of the member; borrowed */
	struct json_lift_sink sink;

	enum json_lift_state state; /* the module's own, as what follows */
	size_t depth;
	bool in_object;    /* the outermost value is one */
	char expected;     /* there: '"' a name, ':' what follows it, 'v' a value, ',' what follows that */
	bool is_name;      /* the last name is the wanted one, as far as it came */
	size_t name_at;    /* how much of it came */
	char escape[6];    /* the escape in hand, behind its backslash */
	int escape_length; /* -1: none is */
	char sequence[4];  /* the unfinished UTF-8 sequence in hand */
	size_t sequence_length;
};

void json_lift_init(struct json_lift *lift, const char *name, const struct json_lift_sink *sink);
/* The next piece of the text; what stays is appended to `kept`. BAD_REQUEST: the string that is taken is not
 * well-formed; or the sink's error. */
MUST_CHECK int json_lift_feed(
	struct json_lift *lift, const char *text, size_t length, struct buf *kept, struct error *err);

#endif
