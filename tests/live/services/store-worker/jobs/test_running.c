/* SPDX-License-Identifier: MIT */
/* What is told to workers about the jobs they run, and what they tell, through a real broker. */
#include "jobs/running.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/random.h"
#include "schemas/bus_names.h"
#include "schemas/control_message.h"
#include "support/bus_fixture.h"

#include <pthread.h>

struct live {
	struct arena *arena;
	struct bus_options control, options;
	struct bus_publisher *publisher;
	struct running *running;
	char id[RANDOM_UUID_SIZE];
	struct job_message message;
};

static int set_up(void **state)
{
	struct live *live = memory_alloc(sizeof(*live));
	live->arena = arena_create();
	random_uuid(live->id);
	const char *queue = bus_control_queue(live->arena, live->id);
	live->options = (struct bus_options){
		.urls = required_env("TEST_AMQP_URL"), .app_id = "test", .name = "test", .heartbeat_s = 10};
	live->control = live->options;
	live->options.topology = bus_topology_base(live->arena);
	live->control.topology = bus_topology_control(live->arena, queue);
	live->publisher = bus_publisher_create(&live->options);
	const struct running_options options = {&live->control, queue, live->publisher, "worker-1"};
	live->running = running_create(&options);
	live->message = (struct job_message){.id = live->id, .kind = JOB_PUT, .attempt = 3, .size = 10};
	assert_eventually(running_ready(live->running) && bus_publisher_ready(live->publisher));
	*state = live;
	return 0;
}

static int tear_down(void **state)
{
	struct live *live = *state;
	running_free(live->running);
	bus_publisher_free(live->publisher, in_ms(2000));
	arena_free(live->arena);
	free(live);
	return 0;
}

static void cancel(struct live *live)
{
	struct buf body = {0};
	struct error err;
	const struct control_message control = {CONTROL_CANCEL, live->id};
	control_message_pack(&control, &body);
	const struct bus_message message = {
		.exchange = BUS_CONTROL, .routing_key = "", .body = body.data, .length = body.length};
	assert_int_equal(bus_publisher_send(live->publisher, &message, in_ms(10000), &err), 0);
	buf_release(&body);
}

static void a_job_that_runs_hears_that_it_is_cancelled(void **state)
{
	struct live *live = *state;
	struct running_job job;
	running_begin(live->running, &live->message, &job);
	assert_false(job.watch.cancelled);
	cancel(live);
	assert_eventually(job.watch.cancelled);
	running_end(live->running, &job);
}

static void a_job_that_comes_after_its_cancellation_is_cancelled(void **state)
{
	struct live *live = *state;
	struct running_job first, job;
	running_begin(live->running, &live->message, &first);
	cancel(live);
	assert_eventually(first.watch.cancelled);
	running_end(live->running, &first);
	running_begin(live->running, &live->message, &job);
	assert_true(job.watch.cancelled);
	running_end(live->running, &job);
}

struct second {
	struct live *live;
	_Atomic bool began;
};

static void *begin_again(void *context)
{
	struct second *second = context;
	struct running_job job;
	running_begin(second->live->running, &second->live->message, &job);
	second->began = true;
	running_end(second->live->running, &job);
	return NULL;
}

static void of_one_job_one_delivery_runs_at_a_time(void **state)
{
	struct second second = {.live = *state};
	struct running_job job;
	pthread_t thread;
	running_begin(second.live->running, &second.live->message, &job);
	pthread_create(&thread, NULL, begin_again, &second);
	clock_sleep_ms(100);
	assert_false(second.began);
	running_end(second.live->running, &job);
	pthread_join(thread, NULL);
	assert_true(second.began);
}

static void gateways_hear_how_far_a_job_is(void **state)
{
	struct live *live = *state;
	struct inbox inbox;
	struct running_job job;
	const char *queue = arena_printf(live->arena, "test.%s", live->id);
	const struct bus_queue queues[] = {
		{.name = queue, .exclusive = true, .auto_delete = true}, {.name = NULL}};
	const struct bus_binding bindings[] = {
		{BUS_RESULTS, queue, false, BUS_PROGRESS_KEY}, {NULL, NULL, false, NULL}};
	const struct bus_subscription subscriptions[] = {{queue, 100}, {NULL, 0}};
	struct bus_options options = live->options;
	options.topology = (struct bus_topology){.queues = queues, .bindings = bindings};
	inbox_init(&inbox, false);
	struct bus_consumer *consumer = bus_consumer_create(&options, subscriptions, inbox_deliver, &inbox);
	assert_eventually(bus_consumer_ready(consumer));

	running_begin(live->running, &live->message, &job);
	job.watch.done = 4;
	assert_eventually(inbox_count(&inbox) > 0);
	struct bus_delivery *delivery = inbox_take(&inbox, 0);
	struct progress_message progress;
	struct error err;
	assert_int_equal(
		progress_message_unpack(delivery->body, delivery->length, live->arena, &progress, &err), 0);
	assert_string_equal(progress.job_id, live->id);
	assert_int_equal(progress.attempt, 3);
	assert_int_equal(progress.done, 4);
	assert_int_equal(progress.total, 10);
	bus_delivery_settle(delivery, BUS_ACK);
	running_end(live->running, &job);
	end_consumer(consumer, &inbox);
}

#define running_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		running_test(a_job_that_runs_hears_that_it_is_cancelled),
		running_test(a_job_that_comes_after_its_cancellation_is_cancelled),
		running_test(of_one_job_one_delivery_runs_at_a_time),
		running_test(gateways_hear_how_far_a_job_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
