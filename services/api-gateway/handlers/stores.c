/* SPDX-License-Identifier: MIT */
#include "handlers/stores.h"

#include "db/store_repo.h"
#include "domain/stores.h"
#include "gateway.h"
#include "handlers/list_stream.h"
#include "handlers/session.h"
#include "handlers/versions.h"
#include "http/request.h"
#include "http/response.h"

#include <string.h>

static int answer(struct request *request, struct response *response, const char *json)
{
	response_json_text(request, response, json, strlen(json));
	return 0;
}

int handle_store_list(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	return list_stream_all(gateway, request, response, store_list_json, err);
}

int handle_store_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	const char *json;
	int64_t pk;
	if (!conn || session_pk(request, response, &pk, err) ||
		versions_tag(conn, request, response, ROW_STORE, request_param(request, "pk"), err) ||
		stores_read(conn, pk, request->arena, &json, err))
		return -1;
	return answer(request, response, json);
}

int handle_store_create(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	struct store_input input;
	const char *json;
	int64_t pk;
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	stores_input_of_json(request->json, &input);
	if (!conn || session_begin(conn, request, &tx, err) ||
		stores_ensure(conn, &input, request->arena, &pk, err) || db_commit(&tx, err) ||
		stores_read(conn, pk, request->arena, &json, err))
		return -1;
	return answer(request, response, json);
}

int handle_store_delete(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	int64_t pk;
	if (!conn || session_pk(request, response, &pk, err) ||
		versions_begin(conn, request, ROW_STORE, request_param(request, "pk"), &tx, err) ||
		stores_delete(conn, pk, err))
		return -1;
	return db_commit(&tx, err);
}
