/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_PEOPLE_H
#define HANDLERS_PEOPLE_H

/* Oneself and, for admins, the accounts of all. */

#include "common/error.h"

struct gateway;
struct request;
struct response;

int handle_me_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_me_password(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_user_list(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_user_create(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_user_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_user_update(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_user_delete(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);

#endif
