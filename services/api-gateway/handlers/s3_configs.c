/* SPDX-License-Identifier: MIT */
#include "handlers/s3_configs.h"

#include "domain/s3_configs.h"
#include "handlers/handler_scope.h"
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

static int pk_of(const struct request *request, struct response *response, int64_t *pk, struct error *err)
{
	const char *detail;
	if (request_param_pk(request, "pk", pk, &detail, err) == 0)
		return 0;
	response_set_detail(response, detail);
	return -1;
}

static struct s3_config_input input_of(const struct request *request)
{
	return (struct s3_config_input){
		.url = request_text(request->json, "url"),
		.access_key = request_text(request->json, "access_key"),
		.secret_key = request_text(request->json, "secret_key"),
		.region = request_text(request->json, "region"),
	};
}

int handle_s3_config_list(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct scope scope = handler_scope(gateway, request);
	const char *json;
	if (s3_configs_list(&scope, &json, err) != 0)
		return -1;
	response_json_text(request, response, json, strlen(json));
	return 0;
}

int handle_s3_config_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct scope scope = handler_scope(gateway, request);
	struct s3_config_view view;
	int64_t pk;
	if (pk_of(request, response, &pk, err) != 0 || s3_configs_read(&scope, pk, &view, err) != 0)
		return -1;
	answer(request, response, &view);
	return 0;
}

int handle_s3_config_create(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct scope scope = handler_scope(gateway, request);
	struct s3_config_input input = input_of(request);
	struct s3_config_view view;
	if (s3_configs_create(&scope, gateway->secret_key, &input, &view, err) != 0)
		return -1;
	answer(request, response, &view);
	return 0;
}

int handle_s3_config_update(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct scope scope = handler_scope(gateway, request);
	struct s3_config_input input = input_of(request);
	int64_t pk;
	if (pk_of(request, response, &pk, err) != 0)
		return -1;
	return s3_configs_update(&scope, gateway->secret_key, pk, &input, err);
}

int handle_s3_config_delete(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct scope scope = handler_scope(gateway, request);
	int64_t pk;
	if (pk_of(request, response, &pk, err) != 0)
		return -1;
	return s3_configs_delete(&scope, pk, err);
}
