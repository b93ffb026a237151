/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_VERSIONS_H
#define HANDLERS_VERSIONS_H

/* ETag and If-Match of what row_tag.h knows. `key` is a pk in decimals, or a name. */

#include "db/query.h"
#include "db/row_version.h"

struct request;
struct response;

/* Before the row is read: its ETag. */
MUST_CHECK int versions_tag(struct db_conn *conn, struct request *request, struct response *response,
	enum row_kind kind, const char *key, struct error *err);
/* Before the row is changed: begins the transaction for it, as the caller's; if there is an If-Match, it fits. */
MUST_CHECK int versions_begin(struct db_conn *conn, const struct request *request, enum row_kind kind,
	const char *key, struct db_transaction *tx, struct error *err);

#endif
