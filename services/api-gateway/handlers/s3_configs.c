/* SPDX-License-Identifier: MIT */
#include "handlers/s3_configs.h"

#include "db/s3_config_repo.h"
#include "domain/s3_configs.h"
#include "gateway.h"
#include "handlers/list_stream.h"
#include "handlers/session.h"
#include "handlers/versions.h"
#include "http/request.h"
#include "http/response.h"

#include <inttypes.h>
#include <string.h>

static void answer(struct request *request, struct response *response, const struct s3_config_view *view)
{
	buf_printf(&response->body, "{\"pk\":%" PRId64 ",\"url\":", view->pk);
	buf_append_json_string(&response->body, view->url);
	buf_append_text(&response->body, "}");
	response_json(request, response);
}

static struct s3_config_input input_of(const struct gateway *gateway, const struct request *request)
{
	return (struct s3_config_input){
		.url = request_text(request->json, "url"),
		.access_key = request_text(request->json, "access_key"),
		.secret_key = request_text(request->json, "secret_key"),
		.region = request_text(request->json, "region"),
		.seal_key = gateway->secret_key,
	};
}

int handle_s3_config_list(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	return list_stream_all(gateway, request, response, s3_config_list_json, err);
}

int handle_s3_config_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	struct s3_config_view view;
	int64_t pk;
	if (!conn || session_pk(request, response, &pk, err) ||
		versions_tag(conn, request, response, ROW_S3_CONFIG, request_param(request, "pk"), err) ||
		s3_configs_read(conn, pk, request->arena, &view, err))
		return -1;
	answer(request, response, &view);
	return 0;
}

int handle_s3_config_create(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	struct s3_config_input input = input_of(gateway, request);
	struct s3_config_view view;
	if (!conn || s3_configs_create(conn, &input, request->arena, &view, err))
		return -1;
	answer(request, response, &view);
	return 0;
}

int handle_s3_config_update(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	struct s3_config_input input = input_of(gateway, request);
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	int64_t pk;
	if (!conn || session_pk(request, response, &pk, err) ||
		versions_begin(conn, request, ROW_S3_CONFIG, request_param(request, "pk"), &tx, err) ||
		s3_configs_update(conn, pk, &input, request->arena, err))
		return -1;
	return db_commit(&tx, err);
}

int handle_s3_config_delete(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	int64_t pk;
	if (!conn || session_pk(request, response, &pk, err) ||
		versions_begin(conn, request, ROW_S3_CONFIG, request_param(request, "pk"), &tx, err) ||
		s3_configs_delete(conn, pk, err))
		return -1;
	return db_commit(&tx, err);
}
