/* SPDX-License-Identifier: MIT */
#include "support/cmocka.h"

#include "common/bus_incoming.h"
#include "common/bus_outgoing.h"
#include "common/memory.h"

#include <stdlib.h>
#include <string.h>

static void everything_is_copied(void **state)
{
	(void)state;
	char name[] = "traceparent", value[] = "00", type[] = "job", body[] = "bytes";
	const struct bus_header headers[] = {{name, value}, {NULL, NULL}};
	struct bus_message message = {
		.exchange = "e", .type = type, .headers = headers, .body = body, .length = 5};
	struct bus_outgoing *outgoing;
	struct error err;
	assert_int_equal(bus_outgoing_create(&message, &outgoing, &err), 0);
	name[0] = value[0] = type[0] = body[0] = '#';
	assert_string_equal(outgoing->message.headers[0].name, "traceparent");
	assert_string_equal(outgoing->message.headers[0].value, "00");
	assert_null(outgoing->message.headers[1].name);
	assert_string_equal(outgoing->message.type, "job");
	assert_memory_equal(outgoing->message.body, "bytes", 5);
	assert_null(outgoing->message.reply_to);
	free(outgoing);
}

static void message_without_a_name_gets_one_and_a_time(void **state)
{
	(void)state;
	struct bus_message message = {.exchange = "e"};
	struct bus_outgoing *a, *b;
	struct error err;
	assert_int_equal(bus_outgoing_create(&message, &a, &err), 0);
	assert_int_equal(bus_outgoing_create(&message, &b, &err), 0);
	assert_int_equal(strlen(a->message.message_id), 36);
	assert_string_not_equal(a->message.message_id, b->message.message_id);
	assert_true(a->message.timestamp_unix_ms > 1500000000000);
	free(a);
	free(b);
}

static void expect(const struct bus_message *message, enum error_code code)
{
	struct bus_outgoing *outgoing;
	struct error err;
	assert_int_equal(bus_outgoing_create(message, &outgoing, &err), -1);
	assert_int_equal(err.code, code);
}

static void what_amqp_cannot_carry_is_refused(void **state)
{
	(void)state;
	char text[257];
	memset(text, 'x', 256);
	text[256] = '\0';
	struct bus_header headers[66];
	for (size_t i = 0; i < 65; i++)
		headers[i] = (struct bus_header){"n", "v"};
	headers[65] = (struct bus_header){NULL, NULL};
	expect(&(struct bus_message){.exchange = text}, ERROR_INVALID);
	expect(&(struct bus_message){.routing_key = text}, ERROR_INVALID);
	expect(&(struct bus_message){.message_id = text}, ERROR_INVALID);
	expect(&(struct bus_message){.headers = headers}, ERROR_INVALID);
	expect(&(struct bus_message){.body = text, .length = (size_t)BUS_BODY_MAX + 1}, ERROR_TOO_LARGE);
	char *large = memory_alloc(70000);
	memset(large, 'x', 69999);
	headers[0].value = large;
	headers[1].name = NULL;
	expect(&(struct bus_message){.headers = headers}, ERROR_TOO_LARGE);
	free(large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_copied),
		cmocka_unit_test(message_without_a_name_gets_one_and_a_time),
		cmocka_unit_test(what_amqp_cannot_carry_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
