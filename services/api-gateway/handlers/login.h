/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_LOGIN_H
#define HANDLERS_LOGIN_H

/* Name and password for a token. */

#include "common/error.h"

struct gateway;
struct request;
struct response;

int handle_login(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);

#endif
