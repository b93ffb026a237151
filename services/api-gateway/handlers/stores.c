/* SPDX-License-Identifier: MIT */
#include "handlers/stores.h"

#include "domain/stores.h"
#include "handlers/handler_scope.h"
#include "http/response.h"

#include <string.h>

static int pk_of(const struct request *request, struct response *response, int64_t *pk, struct error *err)
{
	const char *detail;
	if (request_param_pk(request, "pk", pk, &detail, err) == 0)
		return 0;
	response_set_detail(response, detail);
	return -1;
}

static int answer(struct request *request, struct response *response, const char *json)
{
	response_json_text(request, response, json, strlen(json));
	return 0;
}

int handle_store_list(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct scope scope = handler_scope(gateway, request);
	const char *json;
	if (stores_list(&scope, &json, err) != 0)
		return -1;
	return answer(request, response, json);
}

int handle_store_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct scope scope = handler_scope(gateway, request);
	const char *json;
	int64_t pk;
	if (pk_of(request, response, &pk, err) != 0 || stores_read(&scope, pk, &json, err) != 0)
		return -1;
	return answer(request, response, json);
}

int handle_store_create(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct scope scope = handler_scope(gateway, request);
	struct store_input input;
	const char *json;
	stores_input_of_json(request->json, &input);
	if (stores_create(&scope, &input, &json, err) != 0)
		return -1;
	return answer(request, response, json);
}

int handle_store_delete(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct scope scope = handler_scope(gateway, request);
	int64_t pk;
	if (pk_of(request, response, &pk, err) != 0)
		return -1;
	return stores_delete(&scope, pk, err);
}
