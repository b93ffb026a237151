/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_IDENTIFIER_TYPES_H
#define DOMAIN_IDENTIFIER_TYPES_H

/*
 * The identifier types that a request names, asked for at once, and their patterns, compiled once: the
 * rules for pids and identifiers, however many of them. Lives in the arena.
 */

#include "common/error.h"

struct arena;
struct cJSON;
struct db_conn;
struct identifier_names;
struct identifier_types;

/* Collects names, and loads the types that exist. */
struct identifier_names *identifier_names_create(struct arena *arena);
void identifier_names_add(
	struct identifier_names *names, const char *name); /* borrowed; NULL is passed over */
/* The names of an object's members. NULL and what is no object are passed over. */
void identifier_names_add_members(struct identifier_names *names, const struct cJSON *identifiers);
MUST_CHECK int identifier_names_load(struct identifier_names *names, struct db_conn *conn,
	struct identifier_types **out, struct error *err);

/* Whether a pid or identifier may be of this type. INVALID: "bad <what>: <name>" for a type that does not
 * exist, or the value does not match its pattern. */
MUST_CHECK int identifier_types_check(struct identifier_types *types, const char *what, const char *name,
	const char *value, struct error *err);
/* The same for every member of an object of strings, as "identifier_type". */
MUST_CHECK int identifier_types_check_members(
	struct identifier_types *types, const struct cJSON *identifiers, struct error *err);

#endif
