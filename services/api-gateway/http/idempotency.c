/* SPDX-License-Identifier: MIT */
#include "http/idempotency.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/digest.h"
#include "common/hex.h"
#include "common/http_server.h"
#include "domain/once.h"
#include "gateway.h"
#include "http/body_bytes.h"
#include "http/request.h"
#include "http/response.h"
#include "http/router.h"

#include <cjson/cJSON.h>
#include <string.h>

enum { RETRY_MS = 1000, STREAMED = 200 };

static bool is_key(const char *key)
{
	size_t length = 0;
	for (; key[length]; length++)
		if (key[length] <= ' ' || key[length] > '~')
			return false;
	return length > 0 && length <= ONCE_KEY_MAX;
}

/* Keyed, so that a password in a body cannot be guessed from it. Method and target hold no NUL. */
static void make_fingerprint(const struct gateway *gateway, const struct request *request, char out[65])
{
	unsigned char body[32], sum[32];
	CLEANUP(buf_release) struct buf text = {0};
	digest_sha256(request->body ? request->body : "", request->body_length, body);
	buf_append(&text, request->method, strlen(request->method) + 1);
	buf_append(&text, request->raw_path, strlen(request->raw_path) + 1);
	buf_append(&text, request->raw_query, strlen(request->raw_query) + 1);
	buf_append(&text, body, sizeof(body));
	if (request->bytes)
		buf_append_text(&text, body_bytes_fingerprint(request->bytes));
	digest_hmac_sha256(gateway->secret_key, sizeof(gateway->secret_key), text.data, text.length, sum);
	hex_encode(sum, sizeof(sum), out);
}

/* --- what is kept: {"headers": {name: value}, "body": text} */

/* Without the lasting headers: the id, and what the browser's origin needs, are those of the request that
 * asks. */
static const char *write_answer(const struct request *request, const struct response *response)
{
	CLEANUP(buf_release) struct buf text = {0};
	const char *comma = "";
	buf_append_text(&text, "{\"headers\":{");
	for (size_t i = response->lasting; i < response->header_count; i++) {
		buf_append_text(&text, comma);
		buf_append_json_string(&text, response->headers[i].name);
		buf_append_text(&text, ":");
		buf_append_json_string(&text, response->headers[i].value);
		comma = ",";
	}
	buf_append_text(&text, "},\"body\":");
	buf_append_json_string(&text, response->body.data ? response->body.data : "");
	buf_append_text(&text, "}");
	return arena_memdup(request->arena, text.data, text.length);
}

static int replay(struct request *request, struct response *response, const struct once_answer *answer,
	struct error *err)
{
	if (!answer->text)
		return error_set(err, ERROR_CONFLICT,
			"this request was carried out before, with status %d; its answer was too large to be "
			"kept",
			answer->status);
	cJSON *kept = cJSON_Parse(answer->text);
	const char *body = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(kept, "body"));
	const cJSON *header;
	cJSON_ArrayForEach(header, cJSON_GetObjectItemCaseSensitive(kept, "headers")) {
		response_header(request, response, header->string, cJSON_GetStringValue(header));
	}
	response_header(request, response, "Idempotency-Replayed", "true");
	response->status = answer->status;
	if (body)
		buf_append_text(&response->body, body);
	cJSON_Delete(kept);
	return body ? 0 : error_set_cause(err, ERROR_INTERNAL, "a kept answer is not as it was written");
}

/* --- before and after */

int idempotency_begin(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	const char *key = request_header(request, "Idempotency-Key");
	if (!key || !request->route->body.once || !gateway->once)
		return 1;
	if (!is_key(key))
		return error_set(err, ERROR_INVALID,
			"Idempotency-Key must have 1 to %d visible ASCII characters", ONCE_KEY_MAX);
	struct once_request once = {.user_pk = request->principal.user_pk, .key = key};
	struct once_claim *claim = arena_alloc(request->arena, sizeof(*claim));
	struct once_answer answer;
	make_fingerprint(gateway, request, once.fingerprint_hex);
	int begun = once_begin(gateway->once, &once, request->arena, claim, &answer, err);
	if (begun == 1)
		request->claim = claim;
	else if (begun < 0 && err->code == ERROR_CONFLICT)
		response_set_retry_after(response, RETRY_MS);
	return begun == 0 ? replay(request, response, &answer, err) : begun;
}

static int commit(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	if (response->status == 0)
		response->status = request->route->status;
	struct once_answer answer = {response->status, write_answer(request, response)};
	return once_commit(gateway->once, request->claim, &answer, err);
}

int idempotency_run(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct once_claim *claim = request->claim;
	if (!claim || request->route->body.once != ROUTE_ONCE)
		return request->route->handler(gateway, request, response, err);
	struct gateway enclosed = *gateway;
	enclosed.reader = NULL; /* which reads outside of the transaction */
	if (once_enter(gateway->once, claim, &enclosed.pool, err) != 0)
		return -1;
	int result = request->route->handler(&enclosed, request, response, err);
	if (result == 0)
		result = commit(gateway, request, response, err);
	once_leave(claim);
	return result;
}

/* What another attempt may well change. */
static bool is_passing(const struct response *response)
{
	bool failed = response->error.code != ERROR_NONE;
	return response->status >= 500 || response->status == 408 ||
	       (failed && (error_is_retryable(response->error.code) ||
				  error_http_status(response->error.code) >= 499));
}

void idempotency_end(struct gateway *gateway, struct request *request, const struct response *response)
{
	struct once_claim *claim = request->claim;
	if (!claim || !gateway->once) /* or it is the claim of somebody who will end it himself */
		return;
	request->claim = NULL;
	bool streamed = response->status == 0;
	struct once_answer answer = {
		.status = streamed ? STREAMED : response->status,
		.text = streamed ? NULL : write_answer(request, response),
	};
	if (is_passing(response))
		once_forget(gateway->once, claim);
	else
		once_finish(gateway->once, claim, &answer);
}
