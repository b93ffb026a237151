/* SPDX-License-Identifier: MIT */
#include "db/sqlstate.h"

#include "db/query.h"

#include <string.h>

/* By prefix; the first that fits counts, so codes stand before their class. */
static const struct {
	const char *prefix;
	enum error_code code;
} SQLSTATES[] = {
	{"23505", ERROR_CONFLICT},    /* unique_violation */
	{"23503", ERROR_CONFLICT},    /* foreign_key_violation */
	{"23P01", ERROR_CONFLICT},    /* exclusion_violation */
	{"23", ERROR_INVALID},        /* not null, check */
	{"22", ERROR_INVALID},        /* malformed or out of range values, \u0000, invalid UTF-8 */
	{"54", ERROR_INVALID},        /* too large for an index, too deeply nested */
	{"40", ERROR_UNAVAILABLE},    /* serialisation failure, deadlock */
	{"55P03", ERROR_DEADLINE},    /* lock_not_available */
	{"57014", ERROR_DEADLINE},    /* statement timeout */
	{"57P", ERROR_UNAVAILABLE},   /* shutdown, starting up, database dropped */
	{"08", ERROR_UNAVAILABLE},    /* connection */
	{"25006", ERROR_UNAVAILABLE}, /* a standby after failover */
	{"25P03", ERROR_UNAVAILABLE}, /* idle in transaction for too long */
	{"53100", ERROR_FULL},        /* disk_full */
	{"53", ERROR_UNAVAILABLE},    /* too many connections, out of memory */
};

/* The sentences are those of an insert or update; a repository whose delete runs into a foreign key says
 * its own. */
static const struct {
	const char *constraint;
	enum error_code code;
	const char *message;
} CONSTRAINTS[] = {
	{"media_pid_key", ERROR_CONFLICT, "a media with this pid exists already"},
	{"media_store_store_key_key", ERROR_CONFLICT, "the store holds another media under this key"},
	{"media_pid_type_fkey", ERROR_INVALID, "bad pid_type: no such identifier type"},
	{"media_store_fkey", ERROR_INVALID, "no such store"},
	{"media_pid_check", ERROR_INVALID, "pid must have 1 to 255 characters"},
	{"media_store_key_check", ERROR_INVALID, "store_key must have 1 to 1024 bytes"},
	{"media_identifiers_check", ERROR_INVALID, "identifiers must be an object"},
	{"app_user_name_key", ERROR_CONFLICT, "a user with this name exists already"},
	{"app_user_name_check", ERROR_INVALID, "a user name must have 1 to 255 characters"},
	{"app_user_role_check", ERROR_INVALID, "role must be reader, writer or admin"},
	{"token_role_check", ERROR_INVALID, "role must be reader, writer or admin"},
	{"token_name_check", ERROR_INVALID, "a token's name must have 1 to 255 characters"},
	{"token_app_user_fkey", ERROR_NOT_FOUND, "no such user"},
	{"identifier_type_name_check", ERROR_INVALID,
		"an identifier type's name must have 1 to 255 characters"},
	{"s3_config_url_key", ERROR_CONFLICT, "an S3 configuration with this url exists already"},
	{"store_type_check", ERROR_INVALID, "no such store type"},
	{"store_s3_config_fkey", ERROR_INVALID, "no such S3 configuration"},
	{"store_s3_config_check", ERROR_INVALID,
		"a BucketStore needs an S3 configuration, other types have none"},
};

enum error_code db_error_of_sqlstate(const char *sqlstate)
{
	for (size_t i = 0; i < sizeof(SQLSTATES) / sizeof(*SQLSTATES); i++)
		if (strncmp(sqlstate, SQLSTATES[i].prefix, strlen(SQLSTATES[i].prefix)) == 0)
			return SQLSTATES[i].code;
	return ERROR_INTERNAL;
}

static int set_by_constraint(struct error *err, const char *constraint)
{
	for (size_t i = 0; i < sizeof(CONSTRAINTS) / sizeof(*CONSTRAINTS); i++)
		if (strcmp(constraint, CONSTRAINTS[i].constraint) == 0)
			return error_set(err, CONSTRAINTS[i].code, "%s", CONSTRAINTS[i].message);
	return 0;
}

int sqlstate_set(struct error *err, const char *sqlstate, const char *constraint, const char *statement,
	const char *detail)
{
	if (set_by_constraint(err, constraint) == 0)
		error_set(err, db_error_of_sqlstate(sqlstate), NULL);
	return error_add_cause(
		err, "%s: %s %s%s%s", statement, sqlstate, detail, constraint[0] ? " / " : "", constraint);
}
