/* SPDX-License-Identifier: MIT */
/* The whole worker in this process, against a real broker. */
#include "app.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/http_client.h"
#include "common/random.h"
#include "config.h"
#include "schemas/bus_names.h"
#include "support/bus_fixture.h"
#include "support/http_wire.h"
#include "support/store_job_fixture.h"

enum { LARGE = 20 * 1024 * 1024 };

struct live {
	struct job_fixture *jobs; /* a tree, a spool and texts for jobs; the worker opens its own stores */
	char site[64], reply[64];
	int port;
	struct config config;
	struct app *app;
	struct arena *arena;
	struct bus_options options;
	struct bus_publisher *publisher;
	struct inbox inbox;
	struct bus_consumer *replies;
};

static void set_environment(struct live *live)
{
	char listen[32];
	close(wire_listen(&live->port));
	snprintf(listen, sizeof(listen), "127.0.0.1:%d", live->port);
	for (const struct setting *row = CONFIG_TABLE; row->name; row++)
		unsetenv(row->name);
	setenv("AMQP_URL", required_env("TEST_AMQP_URL"), 1);
	setenv("MEDIASTORE_SERVICE_KEY", JOB_FIXTURE_KEY, 1);
	setenv("MEDIASTORE_SECRET_KEY", JOB_FIXTURE_KEY, 1);
	setenv("MEDIASTORE_SPOOL_DIR", live->jobs->spool, 1);
	setenv("MEDIASTORE_STORE_ROOT", live->jobs->tree, 1);
	setenv("MEDIASTORE_SITES", live->site, 1);
	setenv("MEDIASTORE_WORKER_LISTEN", listen, 1);
}

static int get_status(struct live *live, const char *path)
{
	struct error err;
	struct http_reply *reply;
	const struct http_call call = {.method = "GET",
		.url = arena_printf(live->arena, "http://127.0.0.1:%d%s", live->port, path),
		.stall_timeout_ms = 5000};
	if (http_client_run(live->jobs->environment.http, &call, &reply, &err) != 0)
		return 0;
	int status = http_reply_status(reply);
	http_reply_free(reply);
	return status;
}

static int set_up(void **state)
{
	void *jobs;
	struct error err;
	struct live *live = memory_alloc(sizeof(*live));
	char unique[RANDOM_UUID_SIZE];
	job_fixture_setup(&jobs);
	random_uuid(unique);
	live->jobs = jobs;
	live->arena = arena_create();
	snprintf(live->site, sizeof(live->site), "app-%s", unique);
	snprintf(live->reply, sizeof(live->reply), "test.reply.%s", unique);
	live->jobs->files.site = live->jobs->memory.site = live->site;
	set_environment(live);
	struct buf problems = {0};
	assert_int_equal(config_load(&live->config, &problems), 0);
	assert_int_equal(app_create(&live->config, &live->app, &err), 0);
	live->options = (struct bus_options){.urls = required_env("TEST_AMQP_URL"),
		.app_id = "test",
		.name = "test",
		.heartbeat_s = 10,
		.topology = bus_topology_gateway(live->arena, live->reply)};
	const struct bus_subscription subscriptions[] = {{live->reply, 100}, {NULL, 0}};
	inbox_init(&live->inbox, false);
	struct bus_subscription *kept = arena_alloc(live->arena, sizeof(subscriptions));
	memcpy(kept, subscriptions, sizeof(subscriptions));
	live->replies = bus_consumer_create(&live->options, kept, inbox_deliver, &live->inbox);
	struct bus_options *sending = arena_alloc(live->arena, sizeof(*sending));
	*sending = live->options;
	sending->topology = bus_topology_base(live->arena);
	live->publisher = bus_publisher_create(sending);
	assert_eventually(bus_consumer_ready(live->replies) && bus_publisher_ready(live->publisher));
	assert_eventually(get_status(live, "/readyz") == 200);
	*state = live;
	return 0;
}

static int tear_down(void **state)
{
	struct live *live = *state;
	void *jobs = live->jobs;
	assert_true(app_stop(live->app));
	app_free(live->app);
	config_release(&live->config);
	end_consumer(live->replies, &live->inbox);
	bus_publisher_free(live->publisher, in_ms(2000));
	arena_free(live->arena);
	int result = job_fixture_teardown(&jobs); /* its descriptors name this site */
	free(live);
	return result;
}

/* Sends the job and waits for the index-th result. */
static struct result_message ask(struct live *live, const struct job_message *job, size_t index)
{
	struct buf body = {0};
	struct error err;
	struct result_message result;
	job_message_pack(job, &body);
	const struct bus_message message = {.exchange = BUS_JOBS,
		.routing_key = bus_job_queue(live->arena, &job->store, job->class),
		.reply_to = live->reply,
		.mandatory = true,
		.body = body.data,
		.length = body.length};
	assert_int_equal(bus_publisher_send(live->publisher, &message, in_ms(10000), &err), 0);
	buf_release(&body);
	assert_eventually(inbox_count(&live->inbox) > index);
	struct bus_delivery *delivery = inbox_take(&live->inbox, index);
	const char *kept = arena_memdup(live->arena, delivery->body, delivery->length);
	assert_int_equal(result_message_unpack(kept, delivery->length, live->arena, &result, &err), 0);
	bus_delivery_settle(delivery, BUS_ACK);
	return result;
}

static int collect(void *context, const void *piece, size_t length, struct error *err)
{
	struct pattern_sink *sink = context;
	return sink->base.write(&sink->base, piece, length, err);
}

static void bytes_go_in_and_out_of_each_class_and_store(void **state)
{
	struct live *live = *state;
	static const enum job_class CLASSES[] = {JOB_QUICK, JOB_STREAM, JOB_BACKGROUND};
	const char *sha256 = job_fixture_sha256(live->jobs, 1, LARGE);
	const char *path = job_fixture_spool(live->jobs, "upload", 1, LARGE);
	size_t answers = 0;
	for (int i = 0; i < 6; i++) {
		const struct store_descriptor *store = i < 3 ? &live->jobs->files : &live->jobs->memory;
		struct job_message job = job_fixture_message(live->jobs, JOB_PUT, store, "dir/key");
		job.class = CLASSES[i % 3];
		job.size = LARGE;
		job.sha256 = sha256;
		job.source.path = path;
		job.source.url = "http://127.0.0.1:1/";
		struct result_message result = ask(live, &job, answers++);
		assert_int_equal(result.code, ERROR_NONE);
		assert_int_equal(result.size, LARGE);
		job.kind = JOB_GET;
		result = ask(live, &job, answers++);
		assert_non_null(result.url);
		struct error err;
		struct http_reply *reply;
		struct pattern_sink sink;
		pattern_sink_init(&sink, 1, 0);
		const struct http_call call = {
			.method = "GET", .url = result.url, .write = collect, .write_context = &sink};
		assert_int_equal(http_client_run(live->jobs->environment.http, &call, &reply, &err), 0);
		assert_int_equal(http_reply_status(reply), 200);
		assert_int_equal(sink.count, LARGE);
		assert_int_equal(sink.wrong, 0);
		http_reply_free(reply);
		job.kind = JOB_DELETE;
		assert_int_equal(ask(live, &job, answers++).code, ERROR_NONE);
	}
}

static void health_is_served_and_metrics_count(void **state)
{
	struct live *live = *state;
	assert_int_equal(get_status(live, "/livez"), 200);
	assert_int_equal(get_status(live, "/metrics"), 200);
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		cmocka_unit_test(bytes_go_in_and_out_of_each_class_and_store),
		cmocka_unit_test(health_is_served_and_metrics_count),
	};
	return cmocka_run_group_tests(TESTS, set_up, tear_down);
}
