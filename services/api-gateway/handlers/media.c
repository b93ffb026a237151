/* SPDX-License-Identifier: MIT */
#include "handlers/media.h"

#include "db/media_repo.h"
#include "domain/mediadata.h"
#include "domain/object_key.h"
#include "domain/transfer.h"
#include "gateway.h"
#include "handlers/session.h"
#include "http/request.h"
#include "http/response.h"

#include <string.h>

int handle_media_create(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	struct caller caller = session_caller(request);
	struct mediadata data;
	if (!conn || mediadata_resolve(conn, request->json, request->body, NULL, request->arena, &data, err))
		return -1;
	char key[OBJECT_KEY_SIZE];
	object_key_make(data.media.pid, key);
	data.media.store_key = key;
	const char *json;
	if (media_create(conn, &data.media, &caller.actor, request->arena, &json, NULL, err))
		return -1;
	response_json_text(request, response, json, strlen(json));
	return 0;
}

int handle_media_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	const char *json;
	int found =
		conn ? media_read_json(conn, request_param(request, "pid"), request->arena, &json, err) : -1;
	if (found < 0)
		return -1;
	if (!found)
		return error_set(err, ERROR_NOT_FOUND, "no media has this pid");
	response_json_text(request, response, json, strlen(json));
	return 0;
}

int handle_media_delete(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct caller caller = session_caller(request);
	if (transfer_delete(gateway->transfer, request_param(request, "pid"), &caller, request->arena, err))
		return -1;
	response_no_content(response);
	return 0;
}
