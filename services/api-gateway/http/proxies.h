/* SPDX-License-Identifier: MIT */
#ifndef HTTP_PROXIES_H
#define HTTP_PROXIES_H

/*
 * Whose word is taken for where a request comes from. X-Forwarded-For is a list that each proxy appends
 * to, and that a client may begin as it likes: so it is read from its end, for as long as the one who
 * wrote it is trusted. Read-only after creation.
 */

#include "common/error.h"

struct arena;
struct proxies;

/* setting NULL: *out is NULL, nobody is trusted. INVALID: what is no IPv4 address or network. */
MUST_CHECK int proxies_create(const char *setting, struct proxies **out, struct error *err);
void proxies_free(struct proxies *proxies); /* NULL is accepted, here and below */

/* The address behind the trusted proxies, in the arena or one of the two; forwarded NULL: none was sent. */
const char *proxies_client(
	const struct proxies *proxies, const char *peer, const char *forwarded, struct arena *arena);

#endif
