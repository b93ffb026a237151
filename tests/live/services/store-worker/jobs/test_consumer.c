/* SPDX-License-Identifier: MIT */
/* Jobs through a real broker. Every test has a site of its own, and copies of what goes to the shared results
 * and the dead letters. */
#include "jobs/consumer.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/random.h"
#include "jobs/holder.h"
#include "jobs/precedence.h"
#include "jobs/running.h"
#include "schemas/bus_names.h"
#include "support/bus_fixture.h"
#include "support/bus_queue.h"
#include "support/store_job_fixture.h"

/* An inbox on a queue of its own, bound to an exchange. */
struct mailbox {
	char queue[64];
	struct bus_queue queues[2];
	struct bus_binding bindings[2];
	struct bus_options options;
	struct bus_subscription subscriptions[2];
	struct inbox inbox;
	struct bus_consumer *consumer;
};

struct live {
	struct job_fixture *jobs;
	struct arena *arena;
	char site[64];
	const char *sites[2];
	struct bus_options options;
	struct bus_publisher *publisher;
	struct mailbox reply, shared, dead;
};

static void mailbox_open(
	struct mailbox *box, const struct bus_options *options, const char *exchange, const char *key)
{
	char unique[RANDOM_UUID_SIZE];
	random_uuid(unique);
	snprintf(box->queue, sizeof(box->queue), "test.%s", unique);
	box->queues[0] = (struct bus_queue){.name = box->queue, .exclusive = true, .auto_delete = true};
	box->bindings[0] = (struct bus_binding){exchange, box->queue, false, key ? key : box->queue};
	box->options = *options;
	box->options.topology = (struct bus_topology){.queues = box->queues, .bindings = box->bindings};
	box->subscriptions[0] = (struct bus_subscription){box->queue, 100};
	inbox_init(&box->inbox, false);
	box->consumer = bus_consumer_create(&box->options, box->subscriptions, inbox_deliver, &box->inbox);
	assert_eventually(bus_consumer_ready(box->consumer));
}

static int set_up(void **state)
{
	void *jobs;
	struct live *live = memory_alloc(sizeof(*live));
	char unique[RANDOM_UUID_SIZE];
	job_fixture_setup(&jobs);
	random_uuid(unique);
	live->jobs = jobs;
	live->arena = arena_create();
	snprintf(live->site, sizeof(live->site), "test-%s", unique);
	live->sites[0] = live->site;
	live->jobs->files.site = live->jobs->memory.site = live->site;
	live->options = (struct bus_options){.urls = required_env("TEST_AMQP_URL"),
		.app_id = "test",
		.name = "test",
		.heartbeat_s = 10,
		.topology = bus_topology_worker(live->arena, live->sites)};
	live->publisher = bus_publisher_create(&live->options);
	assert_eventually(bus_publisher_ready(live->publisher));
	mailbox_open(&live->reply, &live->options, BUS_RESULTS, NULL);
	mailbox_open(&live->shared, &live->options, BUS_RESULTS, BUS_RESULTS_SHARED_KEY);
	mailbox_open(&live->dead, &live->options, BUS_DEAD, "");
	*state = live;
	return 0;
}

static int tear_down(void **state)
{
	struct live *live = *state;
	void *jobs = live->jobs;
	end_consumer(live->reply.consumer, &live->reply.inbox);
	end_consumer(live->shared.consumer, &live->shared.inbox);
	end_consumer(live->dead.consumer, &live->dead.inbox);
	bus_publisher_free(live->publisher, in_ms(2000));
	arena_free(live->arena);
	int result = job_fixture_teardown(&jobs); /* its descriptors name this site */
	free(live);
	return result;
}

/* --- acting */

static struct precedence precedence = {.processors = 2};

static struct job_consumer *start_worker(
	struct live *live, const char *queue, int threads, struct holder *holder)
{
	const char **queues = arena_alloc(live->arena, 2 * sizeof(*queues));
	queues[0] = queue;
	const struct job_consumer_options options = {.bus = &live->options,
		.queues = queues,
		.threads = threads,
		.precedence = &precedence,
		.waited_for = true,
		.publisher = live->publisher,
		.environment = &live->jobs->environment,
		.holder = holder};
	struct job_consumer *worker = job_consumer_create(&options);
	assert_eventually(job_consumer_ready(worker));
	return worker;
}

static void end_worker(struct job_consumer *worker)
{
	job_consumer_stop(worker);
	assert_true(job_consumer_wait(worker, in_ms(20000)));
	job_consumer_free(worker);
}

static void send_body(
	struct live *live, const char *queue, const char *reply_to, const void *body, size_t length)
{
	struct error err;
	const struct bus_header headers[] = {{"traceparent", "00-trace"}, {NULL, NULL}};
	const struct bus_message message = {.exchange = BUS_JOBS,
		.routing_key = queue,
		.reply_to = reply_to,
		.headers = headers,
		.mandatory = true,
		.body = body,
		.length = length};
	assert_int_equal(bus_publisher_send(live->publisher, &message, in_ms(10000), &err), 0);
}

static void send_job(struct live *live, const struct job_message *job, const char *reply_to)
{
	struct buf body = {0};
	job_message_pack(job, &body);
	send_body(
		live, bus_job_queue(live->arena, &job->store, job->class), reply_to, body.data, body.length);
	buf_release(&body);
}

static struct job_message small_put(struct live *live, const struct store_descriptor *store, const char *key)
{
	struct job_message job = job_fixture_message(live->jobs, JOB_PUT, store, key);
	char id[RANDOM_UUID_SIZE];
	random_uuid(id);
	job.id = arena_strdup(live->arena, id);
	job.size = 5;
	job.source.inline_bytes = "hello";
	job.source.inline_length = 5;
	return job;
}

/* The index-th message of the mailbox as a result; waits for it. */
static struct result_message receive(struct live *live, struct mailbox *box, size_t index)
{
	struct error err;
	struct result_message result;
	assert_eventually(inbox_count(&box->inbox) > index);
	struct bus_delivery *delivery = inbox_take(&box->inbox, index);
	const char *body = arena_memdup(live->arena, delivery->body, delivery->length);
	assert_int_equal(result_message_unpack(body, delivery->length, live->arena, &result, &err), 0);
	if (result.job_id)
		assert_string_equal(delivery->correlation_id, result.job_id);
	if (result.kind != JOB_HOLD)
		assert_string_equal(bus_delivery_header(delivery, "traceparent"), "00-trace");
	bus_delivery_settle(delivery, BUS_ACK);
	return result;
}

static const char ANEW[] = "anew";

/* How many of the shared results are of this job, or tell of a holder of this test's site (other tests share
 * them), perhaps only those that it tells ANEW. */
static int count_shared(struct live *live, enum job_kind kind, const char *job_id, const char *holder)
{
	struct error err;
	struct result_message result;
	int count = 0;
	pthread_mutex_lock(&live->shared.inbox.lock);
	for (size_t i = 0; i < live->shared.inbox.count; i++) {
		const struct bus_delivery *delivery = live->shared.inbox.deliveries[i];
		if (result_message_unpack(delivery->body, delivery->length, live->arena, &result, &err) !=
				0 ||
			result.kind != kind)
			continue;
		if (kind == JOB_HOLD)
			count += strcmp(result.site, live->site) == 0 && strcmp(result.holder, holder) == 0 &&
				 (!job_id || result.anew);
		else
			count += strcmp(result.job_id, job_id) == 0;
	}
	pthread_mutex_unlock(&live->shared.inbox.lock);
	return count;
}

/* --- the tests */

static void a_job_is_run_and_its_gateway_answered(void **state)
{
	struct live *live = *state;
	struct job_consumer *worker =
		start_worker(live, bus_site_queue(live->arena, live->site, JOB_QUICK), 2, NULL);
	struct job_message job = small_put(live, &live->jobs->files, "key");
	send_job(live, &job, live->reply.queue);
	struct result_message result = receive(live, &live->reply, 0);
	assert_string_equal(result.job_id, job.id);
	assert_int_equal(result.code, ERROR_NONE);
	assert_int_equal(result.size, 5);
	end_worker(worker);
	assert_int_equal(precedence_rest_ms(&precedence, 1, 10), 10); /* others know that somebody waited */
	worker = start_worker(live, bus_site_queue(live->arena, live->site, JOB_QUICK), 2, NULL);
	clock_sleep_ms(300);
	assert_int_equal(inbox_count(&live->reply.inbox), 1); /* acknowledged: it does not come again */
	end_worker(worker);
}

/* A watched background job of 32 MiB on one of 16 threads. */
static struct result_message verify_in_background(struct live *live)
{
	const char *control_queue = bus_control_queue(live->arena, live->site);
	struct bus_options control = live->options;
	control.topology = bus_topology_control(live->arena, control_queue);
	struct running *running =
		running_create(&(struct running_options){&control, control_queue, live->publisher, "test"});
	const char *queues[] = {bus_site_queue(live->arena, live->site, JOB_BACKGROUND), NULL};
	struct job_consumer *worker =
		job_consumer_create(&(struct job_consumer_options){.bus = &live->options,
			.queues = queues,
			.threads = 16,
			.precedence = &precedence,
			.publisher = live->publisher,
			.environment = &live->jobs->environment,
			.running = running});
	assert_eventually(job_consumer_ready(worker) && running_ready(running));
	job_fixture_fill(live->jobs, &live->jobs->files, "large", 1, 32 << 20);
	struct job_message job = small_put(live, &live->jobs->files, "large");
	job.kind = JOB_VERIFY;
	job.class = JOB_BACKGROUND;
	job.size = 32 << 20;
	send_job(live, &job, live->reply.queue);
	struct result_message result = receive(live, &live->reply, 0);
	assert_int_equal(result.code, ERROR_NONE);
	end_worker(worker);
	running_free(running);
	return result;
}

static void a_job_that_nobody_waits_for_rests_while_it_runs(void **state)
{
	precedence_begin(&precedence);
	struct result_message result = verify_in_background(*state);
	precedence_end(&precedence);
	/* it is at least 16 ms of work, and each 4 are followed by 31 times as many of rest */
	assert_in_range(result.elapsed_ms, 3 * 31 * 4, 60 * 1000);
}

static void a_job_that_fails_is_answered_with_its_error(void **state)
{
	struct live *live = *state;
	struct job_consumer *worker =
		start_worker(live, bus_site_queue(live->arena, live->site, JOB_QUICK), 1, NULL);
	struct job_message job = job_fixture_message(live->jobs, JOB_GET, &live->jobs->files, "missing");
	send_job(live, &job, live->reply.queue);
	assert_int_equal(receive(live, &live->reply, 0).code, ERROR_NOT_FOUND);
	end_worker(worker);
}

static void a_message_that_is_no_job_becomes_a_dead_letter(void **state)
{
	struct live *live = *state;
	const char *queue = bus_site_queue(live->arena, live->site, JOB_BACKGROUND);
	struct job_consumer *worker = start_worker(live, queue, 1, NULL);
	char body[64];
	snprintf(body, sizeof(body), "%s", live->site);
	send_body(live, queue, NULL, body, strlen(body));
	assert_eventually(inbox_copies(&live->dead.inbox, body) == 1);
	struct job_message job = small_put(live, &live->jobs->files, "key");
	job.class = JOB_BACKGROUND;
	send_job(live, &job, live->reply.queue);
	assert_string_equal(receive(live, &live->reply, 0).job_id, job.id);
	end_worker(worker);
}

static void the_result_for_a_gateway_that_is_gone_goes_to_the_others(void **state)
{
	struct live *live = *state;
	struct job_consumer *worker =
		start_worker(live, bus_site_queue(live->arena, live->site, JOB_QUICK), 1, NULL);
	struct job_message job = small_put(live, &live->jobs->files, "key");
	send_job(live, &job, "test.nobody");
	assert_eventually(count_shared(live, JOB_PUT, job.id, NULL) == 1);
	end_worker(worker);
}

static void the_bytes_of_a_get_for_a_gateway_that_is_gone_go_nowhere(void **state)
{
	struct live *live = *state;
	struct job_consumer *worker =
		start_worker(live, bus_site_queue(live->arena, live->site, JOB_QUICK), 1, NULL);
	job_fixture_fill(live->jobs, &live->jobs->files, "key", 1, 10);
	struct job_message job = job_fixture_message(live->jobs, JOB_GET, &live->jobs->files, "key");
	send_job(live, &job, "test.nobody");
	struct job_message next = small_put(live, &live->jobs->files, "next");
	send_job(live, &next, live->reply.queue);
	assert_string_equal(receive(live, &live->reply, 0).job_id, next.id);
	assert_int_equal(count_shared(live, JOB_GET, job.id, NULL), 0);
	end_worker(worker);
}

static void what_a_stopping_worker_has_not_begun_the_next_one_does(void **state)
{
	struct live *live = *state;
	enum { JOBS = 60 };
	const char *queue = bus_site_queue(live->arena, live->site, JOB_QUICK);
	struct job_message jobs[JOBS];
	char answered[JOBS] = {0};
	for (int i = 0; i < JOBS; i++) {
		jobs[i] = small_put(live, &live->jobs->files, arena_printf(live->arena, "key%d", i));
		send_job(live, &jobs[i], live->reply.queue);
	}
	for (int round = 0; round < 3; round++)
		end_worker(start_worker(live, queue, 4, NULL));
	struct job_consumer *last = start_worker(live, queue, 4, NULL);
	int left = JOBS;
	for (size_t at = 0; left > 0; at++) {
		struct result_message result = receive(live, &live->reply, at);
		for (int i = 0; i < JOBS; i++)
			if (strcmp(result.job_id, jobs[i].id) == 0 && !answered[i]) {
				answered[i] = 1;
				left--;
			}
	}
	end_worker(last);
}

/* --- RAM */

static struct holder *make_holder(struct live *live, const char *id)
{
	const struct holder_options options = {
		.publisher = live->publisher, .id = id, .worker = "test", .sites = live->sites};
	return holder_create(&options);
}

static bool always(void *context)
{
	(void)context;
	return true;
}

static void a_ram_owner_says_so_once_and_before_its_first_result(void **state)
{
	struct live *live = *state;
	struct holder *holder = make_holder(live, "holder-1");
	struct job_consumer *worker = start_worker(live, bus_ram_queue(live->arena, live->site), 4, holder);
	struct job_message first = small_put(live, &live->jobs->memory, "key");
	send_job(live, &first, live->reply.queue);
	struct result_message result = receive(live, &live->reply, 0);
	assert_int_equal(result.code, ERROR_NONE);
	assert_string_equal(result.holder, live->jobs->environment.holder);
	assert_eventually(count_shared(live, JOB_HOLD, NULL, "holder-1") == 1);
	for (size_t i = 1; i < 10; i++) {
		struct job_message job = small_put(live, &live->jobs->memory, "key");
		send_job(live, &job, live->reply.queue);
		receive(live, &live->reply, i);
	}
	assert_int_equal(count_shared(live, JOB_HOLD, NULL, "holder-1"), 1);
	end_worker(worker);
	holder_free(holder);
}

static void a_ram_owner_says_when_its_queue_is_another_than_before(void **state)
{
	struct live *live = *state;
	struct holder *holder = make_holder(live, "holder-1");
	const char *queue = bus_ram_queue(live->arena, live->site);
	struct job_consumer *worker = start_worker(live, queue, 4, holder);
	for (int subscribed = 1; subscribed <= 2; subscribed++) {
		struct job_message job = small_put(live, &live->jobs->memory, "key");
		send_job(live, &job, live->reply.queue);
		receive(live, &live->reply, (size_t)subscribed - 1);
		assert_eventually(count_shared(live, JOB_HOLD, ANEW, "holder-1") == subscribed);
		delete_queue(live->options.urls, queue);
		assert_eventually(!job_consumer_ready(worker));
		assert_eventually(job_consumer_ready(worker));
	}
	end_worker(worker);
	holder_free(holder);
}

static void a_new_ram_owner_is_known_without_any_job(void **state)
{
	struct live *live = *state;
	struct holder *first = make_holder(live, "holder-1"), *second = make_holder(live, "holder-2");
	const char *queue = bus_ram_queue(live->arena, live->site);
	struct job_consumer *one = start_worker(live, queue, 2, first),
			    *two = start_worker(live, queue, 2, second);
	holder_start(first, always, NULL);
	holder_start(second, always, NULL);
	assert_eventually(count_shared(live, JOB_HOLD, NULL, "holder-1") == 1);
	assert_int_equal(count_shared(live, JOB_HOLD, NULL, "holder-2"), 0); /* one owner at a time */
	holder_stop(first);
	end_worker(one);
	assert_eventually(count_shared(live, JOB_HOLD, NULL, "holder-2") == 1);
	holder_stop(second);
	end_worker(two);
	holder_free(first);
	holder_free(second);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		TEST(a_job_is_run_and_its_gateway_answered),
		TEST(a_job_that_nobody_waits_for_rests_while_it_runs),
		TEST(a_job_that_fails_is_answered_with_its_error),
		TEST(a_message_that_is_no_job_becomes_a_dead_letter),
		TEST(the_result_for_a_gateway_that_is_gone_goes_to_the_others),
		TEST(the_bytes_of_a_get_for_a_gateway_that_is_gone_go_nowhere),
		TEST(what_a_stopping_worker_has_not_begun_the_next_one_does),
		TEST(a_ram_owner_says_so_once_and_before_its_first_result),
		TEST(a_ram_owner_says_when_its_queue_is_another_than_before),
		TEST(a_new_ram_owner_is_known_without_any_job),
	};
	return cmocka_run_group_tests(TESTS, NULL, NULL);
}
