/* SPDX-License-Identifier: MIT */
#include "handlers/system.h"

#include "common/cleanup.h"
#include "gateway.h"
#include "http/request.h"
#include "http/response.h"

#include <stdbool.h>
#include <string.h>

static int answer_text(struct request *request, struct response *response, const char *text)
{
	response_json_text(request, response, text, strlen(text));
	return 0;
}

int handle_hello(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)gateway, (void)err;
	return answer_text(request, response, "{\"msg\":\"Hello, world!\"}");
}

int handle_live(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)gateway, (void)err;
	return answer_text(request, response, "{\"status\":\"live\"}");
}

/* --- /readyz */

/* Appends "name":"ok" or "name":"what is wrong". Whether it works. */
static bool append_check(struct buf *out, const struct gateway_probe *probe, bool first)
{
	struct error err = {0};
	bool works = probe->check(probe->context, &err) == 0;
	buf_append_text(out, first ? "" : ",");
	buf_append_json_string(out, probe->name);
	buf_append_text(out, ":");
	buf_append_json_string(out, works ? "ok" : err.message);
	return works;
}

int handle_ready(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	CLEANUP(buf_release) struct buf checks = {0};
	bool ready = true;
	for (const struct gateway_probe *probe = gateway->probes; probe && probe->name; probe++)
		ready = append_check(&checks, probe, probe == gateway->probes) && ready;

	struct buf *body = &response->body;
	buf_printf(body, "{\"status\":\"%s\",\"checks\":{%s}", ready ? "ready" : "unavailable",
		checks.data ? checks.data : "");
	if (gateway->workers.print) {
		buf_append_text(body, ",\"workers\":");
		gateway->workers.print(gateway->workers.context, body);
	}
	if (!ready) {
		response->status = 503;
		error_set(&response->error, ERROR_UNAVAILABLE, "not ready");
		error_add_cause(&response->error, "%s", checks.data);
		buf_printf(body, ",\"detail\":\"not ready\",\"code\":\"unavailable\",\"request_id\":\"%s\"",
			request->request_id);
	}
	buf_append_text(body, "}");
	response_json(request, response);
	(void)err;
	return 0;
}

int handle_metrics(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)err;
	response_header(request, response, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
	if (gateway->metrics.print)
		gateway->metrics.print(gateway->metrics.context, &response->body);
	return 0;
}
