/* SPDX-License-Identifier: MIT */
#include "support/cmocka.h"

#include "common/bus_incoming.h"

#include <string.h>

static struct bus_incoming incoming;
static struct bus_event event;

static int set_up(void **state)
{
	(void)state;
	bus_incoming_init(&incoming, 4);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	bus_incoming_release(&incoming);
	return 0;
}

static int give_deliver(uint16_t channel, uint64_t tag)
{
	amqp_basic_deliver_t method = {.delivery_tag = tag, .exchange = amqp_cstring_bytes("e")};
	amqp_frame_t frame = {.frame_type = AMQP_FRAME_METHOD, .channel = channel};
	frame.payload.method.id = AMQP_BASIC_DELIVER_METHOD;
	frame.payload.method.decoded = &method;
	return bus_incoming_frame(&incoming, &frame, &event);
}

static int give_header(uint16_t channel, uint64_t size, amqp_basic_properties_t *properties)
{
	amqp_basic_properties_t none = {0};
	amqp_frame_t frame = {.frame_type = AMQP_FRAME_HEADER, .channel = channel};
	frame.payload.properties.body_size = size;
	frame.payload.properties.decoded = properties ? properties : &none;
	return bus_incoming_frame(&incoming, &frame, &event);
}

static int give_body(uint16_t channel, const char *text)
{
	amqp_frame_t frame = {.frame_type = AMQP_FRAME_BODY, .channel = channel};
	frame.payload.body_fragment = amqp_cstring_bytes(text);
	return bus_incoming_frame(&incoming, &frame, &event);
}

static void messages_on_two_channels_may_be_mixed(void **state)
{
	(void)state;
	assert_int_equal(give_deliver(2, 7), 0);
	assert_int_equal(give_header(2, 6, NULL), 0);
	assert_int_equal(give_body(2, "abc"), 0);
	assert_int_equal(give_deliver(3, 9), 0);
	assert_int_equal(give_header(3, 1, NULL), 0);
	assert_int_equal(give_body(3, "x"), 1);
	assert_int_equal(event.content->tag, 9);
	bus_content_free(event.content);
	assert_int_equal(give_body(2, "def"), 1);
	assert_int_equal(event.content->tag, 7);
	assert_int_equal(event.content->delivery.length, 6);
	assert_memory_equal(event.content->delivery.body, "abcdef", 6);
	bus_content_free(event.content);
}

static void empty_body_is_complete_with_its_header(void **state)
{
	(void)state;
	assert_int_equal(give_deliver(2, 1), 0);
	assert_int_equal(give_header(2, 0, NULL), 1);
	assert_int_equal(event.content->delivery.length, 0);
	assert_string_equal(event.content->delivery.message_id, "");
	bus_content_free(event.content);
}

static void headers_that_are_not_strings_are_left_out(void **state)
{
	(void)state;
	amqp_table_entry_t entries[] = {
		{.key = amqp_cstring_bytes("n"), .value = {.kind = AMQP_FIELD_KIND_I64, .value.i64 = 5}},
		{.key = amqp_cstring_bytes("s"),
			.value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = {2, "tx"}}},
	};
	amqp_basic_properties_t properties = {._flags = AMQP_BASIC_HEADERS_FLAG, .headers = {2, entries}};
	give_deliver(2, 1);
	assert_int_equal(give_header(2, 0, &properties), 1);
	assert_string_equal(bus_delivery_header(&event.content->delivery, "s"), "tx");
	assert_null(bus_delivery_header(&event.content->delivery, "n"));
	bus_content_free(event.content);
}

static void body_beyond_the_limit_is_not_kept(void **state)
{
	(void)state;
	give_deliver(2, 1);
	assert_int_equal(give_header(2, (uint64_t)BUS_BODY_MAX + 1, NULL), 0);
	assert_true(incoming.unfinished[2]->delivery.oversized);
	assert_int_equal(incoming.unfinished[2]->delivery.length, 0);
	assert_int_equal(give_body(2, "abc"), 0);
}

static void frames_out_of_order_are_an_error(void **state)
{
	(void)state;
	assert_int_equal(give_header(2, 1, NULL), -1);
	assert_int_equal(give_body(2, "x"), -1);
	assert_int_equal(give_deliver(2, 1), 0);
	assert_int_equal(give_deliver(2, 2), -1);
	assert_int_equal(give_header(2, 2, NULL), 0);
	assert_int_equal(give_header(2, 2, NULL), -1);
	assert_int_equal(give_body(2, "too long"), -1);
	assert_int_equal(give_deliver(9, 1), -1); /* a channel that nobody opened */
}

static void confirms_say_which_and_how(void **state)
{
	(void)state;
	amqp_basic_nack_t nack = {.delivery_tag = 12, .multiple = 1};
	amqp_frame_t frame = {.frame_type = AMQP_FRAME_METHOD, .channel = 2};
	frame.payload.method.id = AMQP_BASIC_NACK_METHOD;
	frame.payload.method.decoded = &nack;
	assert_int_equal(bus_incoming_frame(&incoming, &frame, &event), 1);
	assert_int_equal(event.kind, BUS_EVENT_CONFIRM);
	assert_int_equal(event.tag, 12);
	assert_true(event.multiple && event.negative);
}

static void closed_channel_forgets_its_message_in_progress(void **state)
{
	(void)state;
	give_deliver(2, 1);
	amqp_channel_close_t close = {.reply_code = 404, .reply_text = amqp_cstring_bytes("NOT_FOUND")};
	amqp_frame_t frame = {.frame_type = AMQP_FRAME_METHOD, .channel = 2};
	frame.payload.method.id = AMQP_CHANNEL_CLOSE_METHOD;
	frame.payload.method.decoded = &close;
	assert_int_equal(bus_incoming_frame(&incoming, &frame, &event), 1);
	assert_int_equal(event.kind, BUS_EVENT_CHANNEL_CLOSED);
	assert_string_equal(event.text, "404 NOT_FOUND");
	assert_int_equal(give_deliver(2, 2), 0);
}

static void heartbeat_is_no_event(void **state)
{
	(void)state;
	amqp_frame_t frame = {.frame_type = AMQP_FRAME_HEARTBEAT};
	assert_int_equal(bus_incoming_frame(&incoming, &frame, &event), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(messages_on_two_channels_may_be_mixed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(empty_body_is_complete_with_its_header, set_up, tear_down),
		cmocka_unit_test_setup_teardown(headers_that_are_not_strings_are_left_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(body_beyond_the_limit_is_not_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(frames_out_of_order_are_an_error, set_up, tear_down),
		cmocka_unit_test_setup_teardown(confirms_say_which_and_how, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			closed_channel_forgets_its_message_in_progress, set_up, tear_down),
		cmocka_unit_test_setup_teardown(heartbeat_is_no_event, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
