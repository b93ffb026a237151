/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_LOGIN_H
#define HANDLERS_LOGIN_H

/* Name and password for a token. */

#include "common/error.h"

#include <stdint.h>

struct gateway;
struct request;
struct response;

int handle_login(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);

/* For all that asks for a password: within the limit of failures, whose wait goes into Retry-After.
 * UNAUTHORIZED, TOO_MANY. */
MUST_CHECK int login_check(struct gateway *gateway, struct request *request, struct response *response,
	const char *username, const char *password, int64_t *user_pk, struct error *err);

#endif
