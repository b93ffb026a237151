/* SPDX-License-Identifier: MIT */
#include "domain/deliveries.h"
#include "common/arena.h"
#include "db/delivery_repo.h"
#include "db/pool.h"
#include "domain/webhooks.h"
#include "gateway.h"
#include "handlers/query.h"
#include "handlers/session.h"
#include "handlers/webhooks.h"
#include "http/request.h"
#include "http/response.h"

#include <inttypes.h>
#include <string.h>

enum { PAGE_DEFAULT = 100, PAGE_MAX = 1000 };

static const char *const STATES[] = {"pending", "delivered", "failed"};

static int read_state(const struct request *request, const char **state, struct error *err)
{
	*state = request_query(request, "state");
	for (size_t i = 0; *state && i < sizeof(STATES) / sizeof(STATES[0]); i++)
		if (strcmp(*state, STATES[i]) == 0)
			return 0;
	return *state ? error_set(err, ERROR_INVALID, "state is pending, delivered or failed") : 0;
}

int handle_delivery_list(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	int64_t pk, limit, cursor = 0, next;
	const char *json, *state;
	if (session_pk(request, response, &pk, err) || read_state(request, &state, err) ||
		query_number(request, response, "limit", PAGE_DEFAULT, PAGE_MAX, &limit, err) ||
		query_number(request, response, "cursor", 0, INT64_MAX, &cursor, err))
		return -1;
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	if (!conn || webhooks_read_json(conn, pk, request->arena, &json, err) ||
		delivery_list_json(conn, pk, state, cursor, limit, request->arena, &json, &next, err))
		return -1;
	if (next)
		response_header_printf(request, response, "Link",
			"</api/webhooks/%" PRId64 "/deliveries?cursor=%" PRId64 "&limit=%" PRId64
			"%s%s>; rel=\"next\"",
			pk, next, limit, state ? "&state=" : "", state ? state : "");
	response_json_text(request, response, json, strlen(json));
	return 0;
}

int handle_delivery_resend(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	int64_t pk, delivery;
	const char *json = NULL, *detail = NULL;
	if (session_pk(request, response, &pk, err))
		return -1;
	if (request_param_pk(request, "delivery", &delivery, &detail, err)) {
		response_set_detail(response, detail);
		return -1;
	}
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	if (!conn || deliveries_resend(conn, pk, delivery, err))
		return -1;
	int found = delivery_read_json(conn, pk, delivery, request->arena, &json, err);
	if (found <= 0)
		return found ? -1
			     : error_set(err, ERROR_NOT_FOUND, "no delivery of this webhook has this pk");
	response_json_text(request, response, json, strlen(json));
	return 0;
}
