/* SPDX-License-Identifier: MIT */
#include "support/cmocka.h"

#include "common/bus_outgoing.h"
#include "common/bus_window.h"

#include <string.h>

static struct bus_outgoing messages[BUS_WINDOW_MAX];
static struct bus_window window;

static int set_up(void **state)
{
	(void)state;
	memset(messages, 0, sizeof(messages));
	memset(&window, 0, sizeof(window));
	for (size_t i = 0; i < BUS_WINDOW_MAX; i++)
		messages[i].message = (struct bus_message){
			.message_id = "id", .exchange = "e", .routing_key = "k", .mandatory = true};
	return 0;
}

static void add(size_t count)
{
	for (size_t i = 0; i < count; i++)
		bus_window_add(&window, &messages[i]);
}

static void numbers_count_from_one(void **state)
{
	(void)state;
	add(3);
	assert_ptr_equal(bus_window_take(&window, 2), &messages[1]);
	assert_ptr_equal(bus_window_take(&window, 1), &messages[0]);
	assert_ptr_equal(bus_window_take(&window, 3), &messages[2]);
	assert_true(bus_window_is_empty(&window));
}

static void number_that_is_not_there_takes_nothing(void **state)
{
	(void)state;
	assert_null(bus_window_take(&window, 0));
	assert_null(bus_window_take(&window, 1));
	assert_null(bus_window_take_upto(&window, UINT64_MAX));
	add(2);
	assert_non_null(bus_window_take(&window, 1));
	assert_null(bus_window_take(&window, 1));
	assert_null(bus_window_take(&window, 3));
	assert_null(bus_window_take(&window, 1 + BUS_WINDOW_MAX));
}

static void multiple_takes_all_up_to_the_number_in_order_and_skips_the_gaps(void **state)
{
	(void)state;
	add(5);
	bus_window_take(&window, 2);
	assert_ptr_equal(bus_window_take_upto(&window, 4), &messages[0]);
	assert_ptr_equal(bus_window_take_upto(&window, 4), &messages[2]);
	assert_ptr_equal(bus_window_take_upto(&window, 4), &messages[3]);
	assert_null(bus_window_take_upto(&window, 4));
	assert_false(bus_window_is_empty(&window));
}

static void full_window_has_room_again_when_the_oldest_is_taken(void **state)
{
	(void)state;
	add(BUS_WINDOW_MAX);
	assert_true(bus_window_is_full(&window));
	bus_window_take(&window, 2); /* not the oldest: its place cannot be given away yet */
	assert_true(bus_window_is_full(&window));
	bus_window_take(&window, 1);
	assert_false(bus_window_is_full(&window));
}

static void returned_message_is_found_by_name_and_address(void **state)
{
	(void)state;
	messages[1].message.message_id = "other";
	messages[2].message.routing_key = NULL; /* goes out as "" */
	add(3);
	bus_window_mark_returned(&window, "other", "e", "k");
	bus_window_mark_returned(&window, "id", "e", "");
	assert_false(messages[0].returned);
	assert_true(messages[1].returned);
	assert_true(messages[2].returned);
}

static void same_name_twice_is_marked_one_by_one(void **state)
{
	(void)state;
	add(3);
	bus_window_mark_returned(&window, "id", "e", "k");
	bus_window_mark_returned(&window, "id", "e", "k");
	assert_true(messages[0].returned && messages[1].returned);
	assert_false(messages[2].returned);
}

static void reset_counts_from_one_again(void **state)
{
	(void)state;
	add(2);
	while (bus_window_take_upto(&window, UINT64_MAX))
		;
	bus_window_reset(&window);
	bus_window_add(&window, &messages[7]);
	assert_ptr_equal(bus_window_take(&window, 1), &messages[7]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(numbers_count_from_one, set_up),
		cmocka_unit_test_setup(number_that_is_not_there_takes_nothing, set_up),
		cmocka_unit_test_setup(
			multiple_takes_all_up_to_the_number_in_order_and_skips_the_gaps, set_up),
		cmocka_unit_test_setup(full_window_has_room_again_when_the_oldest_is_taken, set_up),
		cmocka_unit_test_setup(returned_message_is_found_by_name_and_address, set_up),
		cmocka_unit_test_setup(same_name_twice_is_marked_one_by_one, set_up),
		cmocka_unit_test_setup(reset_counts_from_one_again, set_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
