/* SPDX-License-Identifier: MIT */
#include "http/server.h"

#include "common/clock.h"
#include "common/http_server.h"
#include "gateway.h"
#include "http/auth.h"
#include "http/request.h"
#include "http/response.h"
#include "http/router.h"
#include "schemas/schema.h"

#include "support/cmocka.h"
#include "support/http_wire.h"

#include <fcntl.h>
#include <stdio.h>

static int handle_name(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)gateway, (void)err;
	const char *text = request_text(request->json, "name");
	buf_append_json_string(&response->body, text);
	response_json(request, response);
	return 0;
}

static int handle_nothing(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)gateway, (void)request, (void)response, (void)err;
	return 0;
}

/* Streams what comes in, and breaks off when the path says so. */
static int handle_stream(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)gateway;
	char bytes[16];
	response_header(request, response, "Content-Type", "text/plain");
	http_exchange_start(request->exchange, 200, response->headers, -1);
	for (;;) {
		ssize_t got = request_read(request, bytes, sizeof(bytes), err);
		if (got < 0 || (got > 0 && http_exchange_write(request->exchange, bytes, (size_t)got, err)))
			return -1;
		if (got == 0)
			break;
	}
	if (strcmp(request_param(request, "how"), "broken") == 0)
		return error_set(err, ERROR_SOURCE_FAILED, "the source broke off");
	http_exchange_finish(request->exchange, true);
	return 0;
}

static const struct route TABLE[] = {
	{"POST", "/api/name", handle_name, PUBLIC,
		{.schema = "rest/identifier_input.json", .argument = "identifier"}, NULL, 200},
	{"GET", "/api/nothing", handle_nothing, PUBLIC, {.schema = NULL}, NULL, 204},
	{"POST", "/api/stream/{how}", handle_stream, PUBLIC, {.schema = ROUTE_RAW}, NULL, 200},
	{NULL, NULL, NULL, PUBLIC, {.schema = NULL}, NULL, 0},
};

static struct {
	struct gateway gateway;
	struct schema_set *schemas;
	struct router *router;
	struct http_server *server;
} fixture;

static int set_up(void **state)
{
	(void)state;
	struct error err;
	assert_int_equal(schema_set_create(schema_files, &fixture.schemas, &err), 0);
	fixture.router = router_create(TABLE);
	fixture.gateway = (struct gateway){
		.schemas = fixture.schemas, .router = fixture.router, .body_max = 1024 * 1024};
	struct http_server_options options = {
		.listen = "127.0.0.1:0",
		.threads = 2,
		.idle_timeout_ms = 5000,
		.body_timeout_ms = 5000,
		.max_head_size = 16 * 1024,
		.handle = server_handle,
		.context = &fixture.gateway,
	};
	assert_int_equal(http_server_create(&options, &fixture.server, &err), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	http_server_drain(fixture.server, clock_monotonic_ms() + 5000);
	http_server_free(fixture.server);
	router_free(fixture.router);
	schema_set_free(fixture.schemas);
	return 0;
}

/* Sends one request on a connection of its own and reads all that comes back. */
static void talk(const char *head, const char *body, struct buf *out)
{
	int fd = wire_connect(http_server_port(fixture.server));
	struct buf request = {0};
	buf_printf(&request, "%s\r\nHost: x\r\nConnection: close\r\n", head);
	if (body)
		buf_printf(&request, "Content-Length: %zu\r\n", strlen(body));
	buf_printf(&request, "\r\n%s", body ? body : "");
	assert_true(wire_send(fd, request.data));
	char bytes[4096];
	for (ssize_t got; (got = recv(fd, bytes, sizeof(bytes), 0)) > 0;)
		buf_append(out, bytes, (size_t)got);
	buf_release(&request);
	close(fd);
}

static void json_goes_through(void **state)
{
	(void)state;
	struct buf reply = {0};
	talk("POST /api/name HTTP/1.1\r\nX-Request-Id: run-1", "{\"name\":\"n\"}", &reply);
	assert_int_equal(strncmp(reply.data, "HTTP/1.1 200 ", 13), 0);
	assert_non_null(strstr(reply.data, "X-Request-Id: run-1\r\n"));
	assert_non_null(strstr(reply.data, "Content-Type: application/json\r\n"));
	assert_non_null(strstr(reply.data, "\r\n\r\n\"n\""));
	buf_release(&reply);
}

static void errors_are_json_too(void **state)
{
	(void)state;
	struct buf reply = {0};
	talk("GET /api/no%2Fwhere HTTP/1.1\r\nX-Request-Id: run-2", NULL, &reply);
	assert_int_equal(strncmp(reply.data, "HTTP/1.1 404 ", 13), 0);
	assert_non_null(strstr(
		reply.data, "{\"detail\":\"Not Found\",\"code\":\"not_found\",\"request_id\":\"run-2\"}"));
	buf_release(&reply);
}

static void no_content_has_neither_body_nor_length(void **state)
{
	(void)state;
	struct buf reply = {0};
	talk("GET /api/nothing HTTP/1.1", NULL, &reply);
	assert_int_equal(strncmp(reply.data, "HTTP/1.1 204 ", 13), 0);
	assert_null(strcasestr(reply.data, "Content-Length"));
	assert_int_equal(strcmp(strstr(reply.data, "\r\n\r\n"), "\r\n\r\n"), 0);
	buf_release(&reply);
}

static void deepest_body_fits_the_threads_stack(void **state)
{
	(void)state;
	struct buf body = {0}, reply = {0};
	buf_append_text(&body, "{\"name\":\"deep\",\"x\":");
	for (int i = 0; i < 98; i++)
		buf_append_text(&body, "[");
	for (int i = 0; i < 98; i++)
		buf_append_text(&body, "]");
	buf_append_text(&body, "}");
	talk("POST /api/name HTTP/1.1", body.data, &reply);
	assert_non_null(strstr(reply.data, "\r\n\r\n\"deep\""));
	buf_release(&body);
	buf_release(&reply);
}

static void stream_carries_the_request_id_and_ends(void **state)
{
	(void)state;
	struct buf reply = {0};
	talk("POST /api/stream/whole HTTP/1.1\r\nX-Request-Id: run-3", "some bytes", &reply);
	assert_non_null(strstr(reply.data, "X-Request-Id: run-3\r\n"));
	assert_non_null(strstr(reply.data, "some bytes"));
	assert_int_equal(strcmp(reply.data + reply.length - 5, "0\r\n\r\n"), 0);
	buf_release(&reply);
}

static void stream_that_breaks_off_is_cut_and_not_ended(void **state)
{
	(void)state;
	struct buf reply = {0};
	talk("POST /api/stream/broken HTTP/1.1", "some bytes", &reply);
	assert_non_null(strstr(reply.data, "some bytes"));
	assert_int_not_equal(strcmp(reply.data + reply.length - 5, "0\r\n\r\n"), 0);
	buf_release(&reply);
}

/* What the process wrote to standard error while one request was served. */
static void log_of(const char *head, struct buf *log)
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	dup2(fileno(file), STDERR_FILENO);
	struct buf reply = {0};
	talk(head, NULL, &reply);
	clock_sleep_ms(100);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	char line[2048];
	while (fgets(line, sizeof(line), file))
		buf_append_text(log, line);
	fclose(file);
	buf_release(&reply);
}

static void every_request_is_one_line_without_secrets(void **state)
{
	(void)state;
	struct buf log = {0};
	log_of("GET /api/nothing?token=hidden HTTP/1.1\r\nX-Request-Id: run-4\r\nAuthorization: Bearer "
	       "hidden",
		&log);
	assert_non_null(log.data);
	assert_ptr_equal(strchr(log.data, '\n'), log.data + log.length - 1);
	assert_non_null(strstr(log.data, "run-4"));
	assert_non_null(strstr(log.data, "/api/nothing"));
	assert_non_null(strstr(log.data, "204"));
	assert_null(strstr(log.data, "hidden"));
	buf_release(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_goes_through),
		cmocka_unit_test(errors_are_json_too),
		cmocka_unit_test(no_content_has_neither_body_nor_length),
		cmocka_unit_test(deepest_body_fits_the_threads_stack),
		cmocka_unit_test(stream_carries_the_request_id_and_ends),
		cmocka_unit_test(stream_that_breaks_off_is_cut_and_not_ended),
		cmocka_unit_test(every_request_is_one_line_without_secrets),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
