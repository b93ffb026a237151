/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_TOKENS_H
#define HANDLERS_TOKENS_H

/* Tokens for programs: made, listed, revoked. */

#include "common/error.h"

struct gateway;
struct request;
struct response;

int handle_token_list(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_token_create(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_token_revoke(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);

#endif
