/* SPDX-License-Identifier: MIT */
#include "handlers/webhooks.h"

#include "common/arena.h"
#include "common/clock.h"
#include "config.h"
#include "db/webhook_repo.h"
#include "domain/webhooks.h"
#include "gateway.h"
#include "handlers/list_stream.h"
#include "handlers/session.h"
#include "handlers/versions.h"
#include "http/request.h"
#include "http/response.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <string.h>

static struct webhook_wish wish_of(const struct request *request)
{
	const cJSON *json = request->json, *events = request_field(json, "events"), *event;
	const cJSON *active = request_field(json, "active");
	size_t count = 0;
	const char **list =
		arena_alloc(request->arena, ((size_t)cJSON_GetArraySize(events) + 1) * sizeof(*list));
	cJSON_ArrayForEach(event, events)
		list[count++] = cJSON_GetStringValue(event);
	return (struct webhook_wish){
		.url = request_text(json, "url"),
		.description = request_text(json, "description"),
		.events = list,
		.event_count = count,
		.pid_pattern = request_text(json, "pid"),
		.active = !active || cJSON_IsTrue(active),
		.has_description = cJSON_GetObjectItemCaseSensitive(json, "description") != NULL,
		.has_events = cJSON_GetObjectItemCaseSensitive(json, "events") != NULL,
		.has_pid = cJSON_GetObjectItemCaseSensitive(json, "pid") != NULL,
		.has_active = active != NULL,
		.actor = request->principal.username,
	};
}

static int answer(struct db_conn *conn, int64_t pk, struct request *request, struct response *response,
	struct error *err)
{
	const char *json;
	if (webhooks_read_json(conn, pk, request->arena, &json, err))
		return -1;
	response_json_text(request, response, json, strlen(json));
	return 0;
}

/* The only answers with a secret in them. */
static void answer_secret(
	struct request *request, struct response *response, int64_t pk, char secret[WEBHOOK_SECRET_SIZE])
{
	buf_printf(&response->body, "{\"pk\":%" PRId64 ",\"secret\":\"%s\"}", pk, secret);
	OPENSSL_cleanse(secret, WEBHOOK_SECRET_SIZE);
	response_header(request, response, "Cache-Control", "no-store");
	response_json(request, response);
}

int handle_webhook_list(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	return list_stream_all(gateway, request, response, webhook_list_json, err);
}

int handle_webhook_create(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	const struct webhook_wish wish = wish_of(request);
	char secret[WEBHOOK_SECRET_SIZE];
	int64_t pk;
	if (!conn || webhooks_create(conn, gateway->secret_key, &wish, request->arena, &pk, secret, err))
		return -1;
	response_header_printf(request, response, "Location", "/api/webhooks/%" PRId64, pk);
	answer_secret(request, response, pk, secret);
	return 0;
}

int handle_webhook_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	int64_t pk;
	if (!conn || session_pk(request, response, &pk, err) ||
		versions_tag(conn, request, response, ROW_WEBHOOK, request_param(request, "pk"), err))
		return -1;
	return answer(conn, pk, request, response, err);
}

int handle_webhook_update(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	const struct webhook_wish wish = wish_of(request);
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	int64_t pk;
	if (!conn || session_pk(request, response, &pk, err) ||
		versions_begin(conn, request, ROW_WEBHOOK, request_param(request, "pk"), &tx, err) ||
		webhooks_update(conn, pk, &wish, request->arena, err) || db_commit(&tx, err))
		return -1;
	return answer(conn, pk, request, response, err);
}

int handle_webhook_delete(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	int64_t pk;
	if (!conn || session_pk(request, response, &pk, err) ||
		versions_begin(conn, request, ROW_WEBHOOK, request_param(request, "pk"), &tx, err) ||
		webhooks_delete(conn, pk, err))
		return -1;
	return db_commit(&tx, err);
}

int handle_webhook_rotate(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	char secret[WEBHOOK_SECRET_SIZE];
	int64_t pk;
	if (!conn || session_pk(request, response, &pk, err) ||
		versions_begin(conn, request, ROW_WEBHOOK, request_param(request, "pk"), &tx, err) ||
		webhooks_rotate(conn, gateway->secret_key, pk, gateway->config->webhook_secret_overlap_ms,
			request->arena, secret, err) ||
		db_commit(&tx, err))
		return -1;
	answer_secret(request, response, pk, secret);
	return 0;
}

static int compose_test(struct gateway *gateway, struct request *request, struct response *response,
	struct job_message *job, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	int64_t pk, deadline = clock_unix_ms() + gateway->config->quick_deadline_ms;
	if (!conn || session_pk(request, response, &pk, err))
		return -1;
	return webhooks_compose_test(conn, pk, deadline, request->arena, job, err);
}

int handle_webhook_test(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct job_message job;
	const char *json;
	if (compose_test(gateway, request, response, &job, err))
		return -1;
	job.request_id = request->request_id;
	if (webhooks_test(gateway->post, &job, request->arena, &json, err))
		return -1;
	response_json_text(request, response, json, strlen(json));
	return 0;
}
