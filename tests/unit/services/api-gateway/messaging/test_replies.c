/* SPDX-License-Identifier: MIT */
#include "messaging/replies.h"

#include "common/cleanup.h"
#include "common/clock.h"
#include "support/cmocka.h"

static void offer(struct replies *replies, struct bus_delivery *delivery, bool taken)
{
	assert_int_equal(replies_offer(replies, delivery), taken);
}

static void the_one_who_waits_gets_the_result(void **state)
{
	(void)state;
	struct replies *replies = replies_create();
	struct bus_delivery one = {.correlation_id = "one"}, two = {.correlation_id = "two"}, *got = NULL;
	struct error err;
	struct reply *first = reply_expect(replies, "one"), *second = reply_expect(replies, "two");
	offer(replies, &two, true);
	offer(replies, &one, true);
	assert_int_equal(reply_wait(first, clock_monotonic_ms() + 1000, &got, &err), 0);
	assert_ptr_equal(got, &one);
	assert_int_equal(reply_wait(second, clock_monotonic_ms() + 1000, &got, &err), 0);
	assert_ptr_equal(got, &two);
	reply_forget(first);
	reply_forget(second);
	replies_free(replies);
}

static void a_result_nobody_waits_for_is_left_to_the_offerer(void **state)
{
	(void)state;
	struct replies *replies = replies_create();
	struct bus_delivery stranger = {.correlation_id = "three"};
	struct reply *reply = reply_expect(replies, "one");
	offer(replies, &stranger, false);
	reply_forget(reply);
	stranger.correlation_id = "one";
	offer(replies, &stranger, false);
	replies_free(replies);
}

static void waiting_ends_at_its_deadline(void **state)
{
	(void)state;
	struct replies *replies = replies_create();
	struct bus_delivery *got = NULL;
	struct error err;
	struct reply *reply = reply_expect(replies, "one");
	int64_t begun = clock_monotonic_ms();
	assert_int_equal(reply_wait(reply, begun + 50, &got, &err), -1);
	assert_int_equal(err.code, ERROR_DEADLINE);
	assert_true(clock_monotonic_ms() - begun >= 49);
	reply_forget(reply);
	replies_free(replies);
}

struct late {
	struct replies *replies;
	struct bus_delivery delivery;
};

static void *offer_later(void *context)
{
	struct late *late = context;
	clock_sleep_ms(20);
	offer(late->replies, &late->delivery, true);
	return NULL;
}

static void a_result_from_another_thread_wakes_the_waiter(void **state)
{
	(void)state;
	struct late late = {replies_create(), {.correlation_id = "one"}};
	struct bus_delivery *got = NULL;
	struct error err;
	struct reply *reply = reply_expect(late.replies, "one");
	pthread_t thread;
	pthread_create(&thread, NULL, offer_later, &late);
	assert_int_equal(reply_wait(reply, clock_monotonic_ms() + 5000, &got, &err), 0);
	pthread_join(thread, NULL);
	assert_ptr_equal(got, &late.delivery);
	reply_forget(reply);
	replies_free(late.replies);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_one_who_waits_gets_the_result),
		cmocka_unit_test(a_result_nobody_waits_for_is_left_to_the_offerer),
		cmocka_unit_test(waiting_ends_at_its_deadline),
		cmocka_unit_test(a_result_from_another_thread_wakes_the_waiter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
