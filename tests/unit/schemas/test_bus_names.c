/* SPDX-License-Identifier: MIT */
#include "support/arena_fixture.h"

#include "schemas/bus_names.h"

#include <string.h>

static const struct bus_queue *find_queue(const struct bus_topology *topology, const char *name)
{
	for (const struct bus_queue *queue = topology->queues; queue->name; queue++)
		if (strcmp(queue->name, name) == 0)
			return queue;
	return NULL;
}

static bool is_bound(const struct bus_topology *topology, const char *source, const char *destination,
	const char *key, bool to_exchange)
{
	for (const struct bus_binding *binding = topology->bindings; binding->source; binding++)
		if (!strcmp(binding->source, source) && !strcmp(binding->destination, destination) &&
			!strcmp(binding->routing_key, key) && binding->to_exchange == to_exchange)
			return true;
	return false;
}

static size_t count_queues(const struct bus_topology *topology)
{
	size_t count = 0;
	while (topology->queues[count].name)
		count++;
	return count;
}

static void a_job_goes_to_who_can_reach_the_bytes(void **state)
{
	(void)state;
	struct store_descriptor store = {.type = STORE_BUCKET, .site = "lab-1"};
	assert_string_equal(bus_job_queue(arena, &store, JOB_QUICK), "mediastore.jobs.shared.quick.v2");
	assert_string_equal(
		bus_job_queue(arena, &store, JOB_BACKGROUND), "mediastore.jobs.shared.background");
	store.type = STORE_DICT;
	for (int each = JOB_QUICK; each <= JOB_BACKGROUND; each++)
		assert_string_equal(bus_job_queue(arena, &store, each), "mediastore.jobs.ram.lab-1.v2");
	static const enum store_type PATHS[] = {STORE_FILESYSTEM, STORE_HASHDIR, STORE_SQLITE, STORE_ZIP};
	for (size_t i = 0; i < sizeof(PATHS) / sizeof(PATHS[0]); i++) {
		store.type = PATHS[i];
		assert_string_equal(
			bus_job_queue(arena, &store, JOB_STREAM), "mediastore.jobs.site.lab-1.stream.v2");
	}
}

static const char *copy_queue(enum store_type from, enum store_type to)
{
	const struct job_message copy = {.kind = JOB_COPY,
		.class = JOB_BACKGROUND,
		.store = {.type = from, .site = "lab-1"},
		.to = {.type = to, .site = "lab-1"}};
	return bus_queue_of(arena, &copy);
}

static void a_copy_goes_to_who_reaches_both_stores(void **state)
{
	(void)state;
	static const char FILES[] = "mediastore.jobs.site.lab-1.background",
			  RAM[] = "mediastore.jobs.ram.lab-1.v2";
	assert_string_equal(copy_queue(STORE_BUCKET, STORE_BUCKET), "mediastore.jobs.shared.background");
	assert_string_equal(copy_queue(STORE_BUCKET, STORE_FILESYSTEM), FILES);
	assert_string_equal(copy_queue(STORE_FILESYSTEM, STORE_BUCKET), FILES);
	assert_string_equal(copy_queue(STORE_FILESYSTEM, STORE_HASHDIR), FILES);
	assert_string_equal(copy_queue(STORE_FILESYSTEM, STORE_DICT), RAM);
	assert_string_equal(copy_queue(STORE_DICT, STORE_FILESYSTEM), RAM);
	assert_string_equal(copy_queue(STORE_BUCKET, STORE_DICT), RAM);
	assert_string_equal(copy_queue(STORE_DICT, STORE_BUCKET), RAM);
}

static void nobody_reaches_the_files_of_two_sites(void **state)
{
	(void)state;
	const struct store_descriptor here = {.type = STORE_FILESYSTEM, .site = "a"},
				      there = {.type = STORE_DICT, .site = "b"},
				      bucket = {.type = STORE_BUCKET, .site = "c"};
	assert_false(bus_reaches_both(&here, &there));
	assert_true(bus_reaches_both(&here, &here));
	assert_true(bus_reaches_both(&here, &bucket));
	assert_true(bus_reaches_both(&bucket, &there));
}

static void the_base_declares_the_exchanges(void **state)
{
	(void)state;
	static const struct bus_exchange EXPECTED[] = {{BUS_JOBS, "direct", true},
		{BUS_RESULTS, "direct", true}, {BUS_EVENTS, "topic", true}, {BUS_REQUESTS, "topic", true},
		{BUS_DEAD, "fanout", true}, {BUS_CONTROL, "fanout", true},
		{BUS_EVENTS_FANOUT, "fanout", false}, {BUS_REQUESTS_FANOUT, "fanout", false}};
	struct bus_topology base = bus_topology_base(arena);
	size_t count = 0;
	for (; base.exchanges[count].name; count++) {
		assert_string_equal(base.exchanges[count].name, EXPECTED[count].name);
		assert_string_equal(base.exchanges[count].type, EXPECTED[count].type);
		assert_int_equal(base.exchanges[count].durable, EXPECTED[count].durable);
	}
	assert_int_equal(count, 8);
}

static void the_base_binds_every_queue(void **state)
{
	(void)state;
	struct bus_topology base = bus_topology_base(arena);
	assert_int_equal(count_queues(&base), 9);
	assert_true(is_bound(&base, BUS_JOBS, "mediastore.jobs.shared.quick.v2",
		"mediastore.jobs.shared.quick.v2", false));
	assert_true(is_bound(&base, BUS_JOBS, "mediastore.jobs.shared.stream.v2",
		"mediastore.jobs.shared.stream.v2", false));
	assert_true(is_bound(&base, BUS_JOBS, "mediastore.jobs.shared.background",
		"mediastore.jobs.shared.background", false));
	assert_true(is_bound(&base, BUS_RESULTS, BUS_RESULTS_SHARED, "shared", false));
	assert_true(is_bound(&base, BUS_DEAD, BUS_DEAD_QUEUE, "", false));
	assert_true(is_bound(&base, BUS_RESULTS, BUS_PROGRESS, BUS_PROGRESS_KEY, false));
	assert_true(is_bound(&base, BUS_JOBS, BUS_JOBS_DELIVER, BUS_JOBS_DELIVER, false));
	assert_true(is_bound(&base, BUS_EVENTS, BUS_EVENTS_FANOUT, "#", true));
}

static void both_request_exchanges_reach_one_durable_queue(void **state)
{
	(void)state;
	struct bus_topology base = bus_topology_base(arena);
	const struct bus_queue *queue = find_queue(&base, "mediastore.requests.gateway");
	assert_non_null(queue);
	assert_true(queue->quorum && queue->durable && queue->delivery_limit > 0);
	assert_string_equal(queue->dead_letter_exchange, BUS_DEAD);
	assert_true(is_bound(&base, BUS_REQUESTS, queue->name, "#", false));
	assert_true(is_bound(&base, BUS_REQUESTS_FANOUT, queue->name, "", false));
}

/* So they go with their broker node, and are declared again on another. */
static void queues_someone_waits_on_are_classic_and_transient(void **state)
{
	(void)state;
	struct bus_topology base = bus_topology_base(arena);
	for (int each = JOB_QUICK; each <= JOB_STREAM; each++) {
		const struct bus_queue *queue = find_queue(&base, bus_shared_queue(arena, each));
		assert_non_null(queue);
		assert_true(!queue->durable && !queue->quorum && !queue->exclusive && !queue->auto_delete);
		assert_null(queue->dead_letter_exchange); /* an expired job is no dead letter */
	}
	assert_true(find_queue(&base, BUS_PROGRESS) && !find_queue(&base, BUS_PROGRESS)->durable);
}

static bool is_former(const struct bus_topology *topology, const char *name)
{
	for (const char *const *former = topology->former; *former; former++)
		if (strcmp(*former, name) == 0)
			return true;
	return false;
}

static void what_queues_were_called_in_earlier_versions_is_known(void **state)
{
	(void)state;
	static const char *const SITES[] = {"lab", NULL};
	struct bus_topology base = bus_topology_base(arena), worker = bus_topology_worker(arena, SITES);
	static const char *const BASE[] = {
		"mediastore.jobs.shared.quick", "mediastore.jobs.shared.stream", "mediastore.progress"};
	static const char *const SITE[] = {"mediastore.jobs.site.lab.quick",
		"mediastore.jobs.site.lab.stream", "mediastore.jobs.ram.lab"};
	for (size_t i = 0; i < sizeof(BASE) / sizeof(BASE[0]); i++)
		assert_true(is_former(&base, BASE[i]) && is_former(&worker, BASE[i]));
	for (size_t i = 0; i < sizeof(SITE) / sizeof(SITE[0]); i++)
		assert_true(is_former(&worker, SITE[i]) && !is_former(&base, SITE[i]));
	for (const struct bus_queue *queue = worker.queues; queue->name; queue++)
		assert_false(is_former(&worker, queue->name));
}

static void what_was_promised_waits_in_quorum_queues(void **state)
{
	(void)state;
	struct bus_topology base = bus_topology_base(arena);
	const struct bus_queue *background = find_queue(&base, "mediastore.jobs.shared.background");
	const struct bus_queue *results = find_queue(&base, BUS_RESULTS_SHARED);
	const struct bus_queue *dead = find_queue(&base, BUS_DEAD_QUEUE);
	assert_true(background && background->quorum && background->durable);
	assert_int_equal(background->delivery_limit, 5);
	assert_string_equal(background->dead_letter_exchange, BUS_DEAD);
	assert_true(results && results->quorum && results->durable && !results->delivery_limit);
	assert_true(dead && dead->durable && !dead->dead_letter_exchange);
}

static void a_worker_adds_the_queues_of_its_sites(void **state)
{
	(void)state;
	static const char *const SITES[] = {"default", "lab-2", NULL};
	struct bus_topology worker = bus_topology_worker(arena, SITES);
	assert_int_equal(count_queues(&worker), 9 + 2 * 4);
	for (const char *const *site = SITES; *site; site++) {
		const struct bus_queue *ram = find_queue(&worker, bus_ram_queue(arena, *site));
		assert_true(ram && ram->single_active_consumer && !ram->durable && !ram->quorum);
		assert_true(is_bound(&worker, BUS_JOBS, ram->name, ram->name, false));
		for (int each = JOB_QUICK; each <= JOB_BACKGROUND; each++) {
			const char *name = bus_site_queue(arena, *site, each);
			assert_non_null(find_queue(&worker, name));
			assert_int_equal(find_queue(&worker, name)->quorum, each == JOB_BACKGROUND);
			assert_true(is_bound(&worker, BUS_JOBS, name, name, false));
		}
	}
}

static void a_gateway_adds_its_own_reply_queue(void **state)
{
	(void)state;
	struct bus_topology gateway = bus_topology_gateway(arena, "mediastore.replies.g1");
	const struct bus_queue *reply = find_queue(&gateway, "mediastore.replies.g1");
	assert_true(reply && reply->exclusive && reply->auto_delete && !reply->durable && !reply->quorum);
	assert_true(is_bound(&gateway, BUS_RESULTS, reply->name, reply->name, false));
	assert_int_equal(count_queues(&gateway), 10);
}

static void a_worker_hears_what_all_are_told(void **state)
{
	(void)state;
	const char *name = bus_control_queue(arena, "w1");
	struct bus_topology control = bus_topology_control(arena, name);
	const struct bus_queue *queue = find_queue(&control, name);
	assert_true(queue && queue->exclusive && queue->auto_delete && !queue->quorum);
	assert_true(is_bound(&control, BUS_CONTROL, name, name, false));
}

/* What the broker would refuse (RabbitMQ: quorum queues are durable, and neither exclusive nor
 * auto-delete). */
static void no_queue_asks_for_what_its_kind_cannot_do(void **state)
{
	(void)state;
	static const char *const SITES[] = {"default", NULL};
	struct bus_topology worker = bus_topology_worker(arena, SITES);
	for (const struct bus_queue *queue = worker.queues; queue->name; queue++) {
		assert_true(!queue->quorum || (queue->durable && !queue->exclusive && !queue->auto_delete));
		assert_true(queue->quorum || !queue->delivery_limit);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_job_goes_to_who_can_reach_the_bytes),
		cmocka_unit_test(a_copy_goes_to_who_reaches_both_stores),
		cmocka_unit_test(nobody_reaches_the_files_of_two_sites),
		cmocka_unit_test(the_base_declares_the_exchanges),
		cmocka_unit_test(the_base_binds_every_queue),
		cmocka_unit_test(both_request_exchanges_reach_one_durable_queue),
		cmocka_unit_test(queues_someone_waits_on_are_classic_and_transient),
		cmocka_unit_test(what_queues_were_called_in_earlier_versions_is_known),
		cmocka_unit_test(what_was_promised_waits_in_quorum_queues),
		cmocka_unit_test(a_worker_adds_the_queues_of_its_sites),
		cmocka_unit_test(a_gateway_adds_its_own_reply_queue),
		cmocka_unit_test(a_worker_hears_what_all_are_told),
		cmocka_unit_test(no_queue_asks_for_what_its_kind_cannot_do),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
