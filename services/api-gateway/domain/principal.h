/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_PRINCIPAL_H
#define DOMAIN_PRINCIPAL_H

/* Who is asking, and what that role may do. Each role may do what the ones before it may. */

#include <stdbool.h>
#include <stdint.h>

enum role { ROLE_READER, ROLE_WRITER, ROLE_ADMIN, ROLE_COUNT };

enum { PRINCIPAL_NAME_SIZE = 1024 }; /* 255 characters of up to 4 bytes */

struct principal {
	int64_t user_pk; /* 0: nobody (a PUBLIC route) */
	char username[PRINCIPAL_NAME_SIZE];
	enum role role;          /* in force: the lower of the user's and the token's */
	int64_t expires_unix_ms; /* of the token; 0: never */
	int64_t token_pk;
	bool login; /* the token comes from a login, and was not made for a program */
};

const char *role_name(enum role role); /* "reader" ... */
/* -1: no such role */
int role_from_name(const char *name);

#endif
