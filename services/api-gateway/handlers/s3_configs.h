/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_S3_CONFIGS_H
#define HANDLERS_S3_CONFIGS_H

/* S3 servers: keys come in, never out. */

#include "common/error.h"

struct gateway;
struct request;
struct response;

int handle_s3_config_list(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_s3_config_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_s3_config_create(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_s3_config_update(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_s3_config_delete(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);

#endif
