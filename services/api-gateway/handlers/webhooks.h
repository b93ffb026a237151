/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_WEBHOOKS_H
#define HANDLERS_WEBHOOKS_H

/* /webhooks: who is told of events over HTTP, and what became of it. */

#include "common/error.h"

struct gateway;
struct request;
struct response;

int handle_webhook_list(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_webhook_create(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_webhook_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_webhook_update(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_webhook_delete(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
/* {pk}/secret: another one */
int handle_webhook_rotate(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
/* {pk}/test: one message, now; the answer says what the target said */
int handle_webhook_test(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
/* {pk}/deliveries */
int handle_delivery_list(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
/* {pk}/deliveries/{delivery}/resend */
int handle_delivery_resend(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);

#endif
