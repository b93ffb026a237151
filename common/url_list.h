/* SPDX-License-Identifier: MIT */
#ifndef COMMON_URL_LIST_H
#define COMMON_URL_LIST_H

/*
 * Which URLs may be read on somebody else's behalf: those below the listed ones. An entry is a URL with
 * scheme http, https, s3 or file ("https://data.example.org/pub/", "http://10.1.2.3:8000",
 * "s3://bucket/raw/", "file:///data/incoming"; a host that begins with "*." means all names below it), or a
 * network ("10.0.0.0/8"), which lets listed hosts have private addresses (address_policy.h). "Below" means
 * the same scheme, host and port, and the entry's path or one that continues it at a slash. Read strictly,
 * so that no other reader can understand a URL otherwise: no user names, fragments, backslashes, control
 * characters or dot segments, quoted or not.
 */

#include "common/error.h"

struct address_policy;
struct buf;
struct url_list;

enum { URL_LENGTH_MAX = 4096 };

/* Entries are separated by commas; NULL or "": nothing may be read. INVALID names the entry. */
MUST_CHECK int url_list_create(const char *entries, struct url_list **out, struct error *err);
void url_list_free(struct url_list *list); /* NULL is accepted */

enum url_scheme { URL_HTTP, URL_HTTPS, URL_S3, URL_FILE };

/* 0: it may be read; *scheme says how. INVALID: no such URL; FORBIDDEN: below no entry. */
MUST_CHECK int url_list_check(
	const struct url_list *list, const char *url, enum url_scheme *scheme, struct error *err);
/* What hosts may have for addresses; lent. */
const struct address_policy *url_list_addresses(const struct url_list *list);

/* The parts of a checked URL. */

/* file: the directory of the entry that it is below, and the path from there ("" : itself), decoded. */
void url_list_file(const struct url_list *list, const char *url, struct buf *root, struct buf *path);
/* s3: bucket and key, decoded. */
void url_s3_parts(const char *url, struct buf *bucket, struct buf *key);

#endif
