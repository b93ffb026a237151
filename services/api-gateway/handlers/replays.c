/* SPDX-License-Identifier: MIT */
#include "domain/replays.h"
#include "common/arena.h"
#include "common/cleanup.h"
#include "common/json_number.h"
#include "config.h"
#include "db/replay_repo.h"
#include "gateway.h"
#include "handlers/events.h"
#include "handlers/session.h"
#include "http/request.h"
#include "http/response.h"

#include <cjson/cJSON.h>
#include <string.h>

enum { LIST_MAX = 100 };

int handle_replay_create(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	const struct replay_wish wish = {
		.after = json_whole(request_field(request->json, "after"), 0),
		.until = json_whole(request_field(request->json, "until"), 0),
		.pattern = request_text(request->json, "pattern"),
		.queue = request_text(request->json, "queue"),
		.exchange = request_text(request->json, "exchange"),
		.routing_key = request_text(request->json, "routing_key"),
		.actor = request->principal.username,
	};
	const char *json;
	int64_t oldest = 0;
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	if (!conn)
		return -1;
	if (replays_ask(conn, &wish, gateway->config->replay_max, request->arena, &json, &oldest, err))
		return events_gone(response, oldest, err);
	response_json_text(request, response, json, strlen(json));
	return 0;
}

int handle_replay_list(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	const char *json;
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	if (!conn || replay_list_json(conn, LIST_MAX, request->arena, &json, err))
		return -1;
	response_json_text(request, response, json, strlen(json));
	return 0;
}

int handle_replay_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	const char *json = NULL;
	int64_t pk;
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	if (!conn)
		return -1;
	if (session_pk(request, response, &pk, err))
		return -1;
	int found = replay_read_json(conn, pk, request->arena, &json, err);
	if (found < 0)
		return -1;
	if (!found)
		return error_set(err, ERROR_NOT_FOUND, "no replay has this pk");
	response_json_text(request, response, json, strlen(json));
	return 0;
}
