/* SPDX-License-Identifier: MIT */
/* Jobs that are due, through a real broker: one that is taken, one for which there is no queue, one that is nobody's. */
#include "background/hand_over.h"

#include "live/services/api-gateway/db/fixture.h"
#include "messaging/job_post.h"
#include "schemas/bus_names.h"
#include "support/bus_fixture.h"

enum { TAKEN, UNSERVED, NOBODYS, ROWS };

struct live {
	char site[64];
	const char *sites[2];
	struct bus_options options;
	struct bus_publisher *publisher;
	struct job_post *post;
	struct inbox inbox;
	struct bus_subscription subscriptions[2];
	struct bus_consumer *consumer;
};

static int set_up(void **state)
{
	fixture_begin(state);
	struct live *live = memory_alloc(sizeof(*live));
	snprintf(live->site, sizeof(live->site), "test-%d", (int)getpid());
	live->sites[0] = live->site;
	live->options = (struct bus_options){.urls = required_env("TEST_AMQP_URL"),
		.app_id = "test",
		.name = "test",
		.heartbeat_s = 10,
		.topology = bus_topology_worker(fixture.arena, live->sites)};
	live->publisher = bus_publisher_create(&live->options);
	live->post = job_post_create(
		&(struct job_post_options){.bus = &live->options, .publisher = live->publisher});
	inbox_init(&live->inbox, true);
	live->subscriptions[0] =
		(struct bus_subscription){bus_site_queue(fixture.arena, live->site, JOB_BACKGROUND), 100};
	live->consumer =
		bus_consumer_create(&live->options, live->subscriptions, inbox_deliver, &live->inbox);
	assert_eventually(bus_publisher_ready(live->publisher) && bus_consumer_ready(live->consumer));
	*state = live;
	return 0;
}

static int tear_down(void **state)
{
	struct live *live = *state;
	end_consumer(live->consumer, &live->inbox);
	job_post_free(live->post);
	bus_publisher_free(live->publisher, in_ms(2000));
	free(live);
	return fixture_end(state);
}

static int compose(void *context, const struct job_row *row, size_t place, struct arena *arena,
	struct job_message *out, struct error *why)
{
	(void)arena;
	const struct live *live = context;
	if (place == NOBODYS)
		return error_set(why, ERROR_NOT_FOUND, "it is gone");
	*out = (struct job_message){.id = row->id,
		.kind = row->kind,
		.class = JOB_BACKGROUND,
		.attempt = row->attempt,
		.store = row->store,
		.key = row->store_key,
		.size = -1,
		.range_last = -1};
	out->store.site = place == TAKEN ? live->site : "nowhere";
	return 0;
}

static const char *state_of(const struct job_row *row)
{
	return fixture_ask(arena_printf(fixture.arena,
		"SELECT state || ' ' || attempt || CASE WHEN overdue_at > now() + interval '50 min' THEN ' "
		"noted' ELSE "
		"'' END FROM job WHERE id = '%s'",
		row->id));
}

static void each_job_of_a_batch_has_its_own_fate(void **state)
{
	struct live *live = *state;
	struct job_row *rows;
	size_t count;
	for (int i = 0; i < ROWS; i++) {
		const struct job_new job = {.id = fixture_uuid(),
			.kind = JOB_DELETE,
			.class = JOB_BACKGROUND,
			.store_pk = fixture.store_pk,
			.store_key = "k"};
		assert_ok(job_insert(fixture.conn, &job, &fixture.err));
	}
	const struct hand_over work = {.conn = fixture.conn,
		.post = live->post,
		.until_ms = job_hand_over_until_ms(),
		.compose = compose,
		.context = live};
	assert_ok(job_take_due(
		fixture.conn, 10, JOB_HAND_OVER_MS, "g", fixture.arena, &rows, &count, &fixture.err));
	assert_int_equal(count, ROWS);
	assert_ok(hand_over(&work, rows, count, fixture.arena, &fixture.err));
	assert_string_equal(state_of(&rows[TAKEN]), "running 1 noted");
	assert_string_equal(state_of(&rows[UNSERVED]), "queued 0");
	assert_string_equal(state_of(&rows[NOBODYS]), "failed 1");
	assert_eventually(inbox_count(&live->inbox) == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_job_of_a_batch_has_its_own_fate, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, fixture_create, fixture_drop);
}
