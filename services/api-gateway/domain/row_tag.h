/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_ROW_TAG_H
#define DOMAIN_ROW_TAG_H

/* The entity tags of stores, S3 configurations, identifier types, users and webhooks, and changes on condition of one. */

#include "common/error.h"
#include "db/row_version.h"

/* *tag with its quotes, the arena's; NULL when there is no such row. To be read before what it stands for: then it is
 * never newer. */
MUST_CHECK int row_tag_read(struct db_conn *conn, enum row_kind kind, const char *key, struct arena *arena,
	const char **tag, struct error *err);
/* Inside a transaction: until its end the row is as an If-Match (NULL: nothing is asked) names it. PRECONDITION_FAILED.
 * A row that is not there passes: the change itself says so. */
MUST_CHECK int row_tag_require(struct db_conn *conn, enum row_kind kind, const char *key,
	const char *if_match, struct arena *arena, struct error *err);

#endif
