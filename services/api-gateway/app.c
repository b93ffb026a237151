/* SPDX-License-Identifier: MIT */
#include "app.h"

#include "background/deliverer.h"
#include "background/leases.h"
#include "background/numberer.h"
#include "background/queues.h"
#include "background/reconciler.h"
#include "background/relay.h"
#include "background/replayer.h"
#include "background/results.h"
#include "background/scheduler.h"
#include "common/arena.h"
#include "common/buf.h"
#include "common/bus.h"
#include "common/bus_notes.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/hex.h"
#include "common/http_client.h"
#include "common/http_server.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/random.h"
#include "common/url_list.h"
#include "config.h"
#include "db/media_reader.h"
#include "db/pool.h"
#include "domain/event_feed.h"
#include "domain/first_start.h"
#include "domain/login_limit.h"
#include "domain/once.h"
#include "domain/spool.h"
#include "domain/tokens.h"
#include "domain/transfer.h"
#include "gateway.h"
#include "http/auth.h"
#include "http/budget.h"
#include "http/cors.h"
#include "http/coverage.h"
#include "http/internal.h"
#include "http/proxies.h"
#include "http/routes.h"
#include "http/server.h"
#include "http/traffic.h"
#include "messaging/job_post.h"
#include "messaging/replies.h"
#include "metrics.h"
#include "requests/consumer.h"
#include "requests/followup.h"
#include "schemas/bus_names.h"
#include "schemas/openapi.h"
#include "schemas/schema.h"

#include <string.h>

enum {
	DATABASE_RETRY_MS = 1000,
	PROBE_MS = 2000,
	INTERNAL_THREADS = 64,
	INTERNAL_HEAD_MAX = 16 * 1024,
	CONNECT_TIMEOUT_MS = 5000,
	PUBLISHER_DRAIN_MS = 5000,
	PROBES = 4,
};

struct app {
	const struct config *config;
	struct arena *arena; /* names and tables that live as long as the process */
	const char *instance, *reply_queue;
	struct bus_options publisher_options, results_options, queues_options, replayer_options,
		requests_options;
	struct metrics_parts metrics;
	struct gateway_probe probes[PROBES + 1];
	struct gateway gateway;

	struct db_pool *pool, *lists;
	struct media_reader *reader;
	struct tokens_source tokens;
	struct schema_set *schemas;
	struct buf openapi;
	struct coverage *coverage;
	struct bus_notes *notes;
	struct router *router;
	struct auth *auth;
	struct login_limit *login_limit;
	struct budget *transfers, *bodies;
	struct cors *cors;
	struct proxies *proxies;
	struct spool *spool;
	struct http_client *http;
	struct bus_publisher *publisher;
	struct replies *replies;
	struct results *results;
	struct job_post *post;
	struct transfer *transfer;
	struct numberer *numberer;
	struct relay *relay;
	struct replayer *replayer;
	struct event_feed *events;
	struct scheduler *scheduler;
	struct deliverer *deliverer;
	struct reconciler *reconciler;
	struct once *once;
	struct leases *leases;
	struct queues *queues;
	struct traffic *traffic;
	struct url_list *sources;
	struct request_consumer *requests;
	struct followup *followup;
	struct http_server *internal, *public;
};

/* --- the database */

static struct db_pool *open_pool(
	const struct config *config, const char *application_name, int64_t statement_timeout_ms)
{
	struct db_pool_options options = {
		.url = config->database_url,
		.application_name = application_name,
		.size = (int)config->database_pool,
		.statement_timeout_ms = statement_timeout_ms,
	};
	return db_pool_create(&options);
}

/* Until the database answers; what it answers may still be an error. */
static int prepare_database(struct app *app, const volatile sig_atomic_t *stop, struct error *err)
{
	for (bool told = false; !*stop; told = true) {
		int applied = 0;
		if (first_start(app->pool, app->config, &applied, err) == 0) {
			if (applied)
				log_info(
					"database schema brought up to date", LOG_INT("migrations", applied));
			return 0;
		}
		if (err->code != ERROR_UNAVAILABLE && err->code != ERROR_DEADLINE)
			return -1;
		if (!told)
			log_warn("waiting for the database", LOG_ERROR(err));
		clock_sleep_ms(DATABASE_RETRY_MS);
	}
	return error_set(err, ERROR_CANCELLED, "stopped while waiting for the database");
}

/* --- what /readyz asks */

static int probe_database(void *context, struct error *err)
{
	struct app *app = context;
	return db_pool_check(app->pool, clock_monotonic_ms() + PROBE_MS, err);
}

static int probe_publisher(void *context, struct error *err)
{
	struct app *app = context;
	if (bus_publisher_ready(app->publisher))
		return 0;
	return error_set(err, ERROR_UNAVAILABLE, "not connected to the broker, or blocked by it");
}

static int probe_results(void *context, struct error *err)
{
	struct app *app = context;
	return results_ready(app->results) ? 0
					   : error_set(err, ERROR_UNAVAILABLE, "not subscribed to results");
}

static void print_workers(void *context, struct buf *out)
{
	queues_print_workers(context, out);
}

static int probe_requests(void *context, struct error *err)
{
	struct app *app = context;
	return request_consumer_ready(app->requests)
		       ? 0
		       : error_set(err, ERROR_UNAVAILABLE, "not subscribed to requests");
}

/* --- building, in order */

static int build_rest(struct app *app, struct error *err)
{
	const struct config *config = app->config;
	if (schema_set_create(schema_files, &app->schemas, err) ||
		openapi_bundle(schema_files, &app->openapi, err))
		return -1;
	if (bus_notes_create(config->test_messages, &app->notes, err))
		return -1;
	if (config->test_coverage && coverage_create(config->test_coverage, &app->coverage, err))
		return -1;
	app->tokens = (struct tokens_source){app->pool, config->database_timeout_ms};
	app->router = router_create(ROUTES);
	app->traffic = traffic_create(ROUTES);
	app->auth = auth_create(tokens_lookup, &app->tokens);
	app->transfers = budget_create(config->transfers_max, "too many transfers at once");
	app->bodies = budget_create(config->bodies_max, "too many large requests at once");
	if (cors_create(config->cors_origins, &app->cors, err) ||
		proxies_create(config->trusted_proxies, &app->proxies, err))
		return -1;
	app->login_limit = login_limit_create(config->login_failures, config->login_window_ms);
	return hex_decode(config->secret_key, app->gateway.secret_key, SEAL_KEY_SIZE);
}

static const char *internal_url(struct app *app)
{
	if (app->config->internal_url)
		return app->config->internal_url;
	return arena_printf(app->arena, "http://%s", app->config->internal_listen);
}

static struct bus_options bus_options(const struct app *app, const char *name, struct bus_topology topology)
{
	return (struct bus_options){
		.urls = app->config->amqp_url,
		.tls = {app->config->amqp_ca, app->config->amqp_cert, app->config->amqp_key},
		.app_id = "api-gateway",
		.name = name,
		.heartbeat_s = (int)(app->config->amqp_heartbeat_ms / 1000),
		.notes = app->notes,
		.topology = topology,
	};
}

static void build_bus(struct app *app)
{
	char instance[RANDOM_UUID_SIZE];
	random_uuid(instance);
	app->instance = arena_strdup(app->arena, instance);
	app->reply_queue = arena_printf(app->arena, "%s.%s", BUS_RESULTS, instance);
	app->publisher_options = bus_options(app, "api-gateway publisher", bus_topology_base(app->arena));
	app->replayer_options = bus_options(app, "api-gateway replayer", app->publisher_options.topology);
	app->results_options =
		bus_options(app, "api-gateway results", bus_topology_gateway(app->arena, app->reply_queue));
	app->queues_options = bus_options(app, "api-gateway queues", (struct bus_topology){0});
	app->queues = queues_create(app->pool, &app->queues_options);
	app->publisher = bus_publisher_create(&app->publisher_options);
	app->replies = replies_create();
	struct results_options options = {
		&app->results_options, app->reply_queue, app->replies, app->pool, app->spool, app->publisher};
	app->results = results_create(&options);
}

static void build_transfer(struct app *app)
{
	struct http_client_options options = {
		.connect_timeout_ms = CONNECT_TIMEOUT_MS, .user_agent = "mediastore-api-gateway"};
	app->http = http_client_create(&options);
	struct job_post_options post = {&app->publisher_options, app->publisher, app->replies,
		app->reply_queue, app->config->quick_deadline_ms};
	app->post = job_post_create(&post);
	struct transfer_parts parts = {
		app->config, app->pool, app->post, app->spool, app->http, app->gateway.secret_key};
	app->transfer = transfer_create(&parts);
}

static struct once *build_once(const struct app *app)
{
	const struct config *config = app->config;
	struct once_options options = {
		.pool = app->pool,
		.timeout_ms = config->database_timeout_ms,
		.seal_key = app->gateway.secret_key,
		.wait_ms = config->idempotency_wait_ms,
		.retention_ms = config->idempotency_retention_ms,
		.answer_max = config->idempotency_answer_max,
	};
	return once_create(&options);
}

static struct event_feed *build_events(const struct app *app)
{
	struct event_feed_options options = {
		app->pool, app->config->database_timeout_ms, app->config->event_streams_max};
	return event_feed_create(&options);
}

static void build_gateway(struct app *app)
{
	const struct gateway_probe probes[PROBES] = {
		{"database", probe_database, app},
		{"broker.publish", probe_publisher, app},
		{"broker.results", probe_results, app},
		{"broker.requests", probe_requests, app},
	};
	memcpy(app->probes, probes, sizeof(probes));
	struct gateway *gateway = &app->gateway;
	gateway->config = app->config;
	gateway->pool = app->pool;
	gateway->lists = app->lists;
	gateway->reader = app->reader;
	gateway->schemas = app->schemas;
	gateway->router = app->router;
	gateway->auth = app->auth;
	gateway->login_limit = app->login_limit;
	gateway->cors = app->cors;
	gateway->proxies = app->proxies;
	gateway->transfers = app->transfers;
	gateway->bodies = app->bodies;
	gateway->once = app->once = build_once(app);
	gateway->events = app->events = build_events(app);
	gateway->sources = app->sources;
	gateway->publisher = app->publisher;
	gateway->transfer = app->transfer;
	gateway->post = app->post;
	gateway->probes = app->probes;
	gateway->database_timeout_ms = app->config->database_timeout_ms;
	gateway->body_max = (size_t)app->config->body_max;
	gateway->json_depth = (int)app->config->json_depth;
	gateway->string_max = (size_t)app->config->string_max;
	gateway->small_body_max = (size_t)app->config->small_body_max;
	gateway->list_max = (size_t)app->config->list_max;
	gateway->request_deadline_ms = app->config->request_deadline_ms;
	gateway->pace_window_ms = app->config->stall_timeout_ms;
	gateway->pace_bytes = app->config->transfer_rate_min * app->config->stall_timeout_ms / 1000;
	gateway->token_lifetime_ms = app->config->token_lifetime_ms;
	gateway->openapi = app->openapi.data;
	gateway->openapi_length = app->openapi.length;
	gateway->coverage = app->coverage;
	gateway->check_replies = app->coverage != NULL;
}

/* What GET /readyz and GET /metrics tell. */
static void build_views(struct app *app)
{
	struct gateway *gateway = &app->gateway;
	app->metrics = (struct metrics_parts){
		.pool = app->pool,
		.lists = app->lists,
		.publisher = app->publisher,
		.results = app->results,
		.spool = app->spool,
		.transfers = app->transfers,
		.bodies = app->bodies,
		.traffic = app->traffic,
		.queues = app->queues,
	};
	gateway->traffic = app->traffic;
	gateway->metrics = (struct gateway_view){metrics_print, &app->metrics};
	gateway->workers = (struct gateway_view){print_workers, app->queues};
}

static void build_background(struct app *app)
{
	struct scheduler_options options = {
		app->pool, app->post, app->spool, app->instance, app->gateway.secret_key};
	struct deliverer_options webhooks = {app->pool, app->post, app->instance,
		app->config->webhook_pending_max, (int)app->config->webhook_parallel,
		app->config->webhook_disable_after_ms, app->config->webhook_retention_ms};
	app->numberer = numberer_create(app->pool, app->config->event_retention_ms);
	app->relay = relay_create(app->pool, app->publisher);
	app->replayer = replayer_create(app->pool, &app->replayer_options);
	app->scheduler = scheduler_create(&options);
	app->deliverer = deliverer_create(&webhooks);
	app->leases = leases_create(app->once);
	app->reconciler = reconciler_create(app->config, app->pool, app->spool, app->transfer);
	app->requests_options = bus_options(app, "api-gateway requests", app->publisher_options.topology);
	app->followup = followup_create(&app->gateway);
	app->requests = request_consumer_create(&app->requests_options, &app->gateway);
}

struct listener {
	const char *address;
	int64_t threads, head_max, headers_max;
};

static int listen_on(const struct app *app, const struct listener *listener,
	void (*handle)(struct http_exchange *exchange, void *context), void *context,
	struct http_server **out, struct error *err)
{
	struct http_server_options options = {
		.listen = listener->address,
		.threads = (int)listener->threads,
		.idle_timeout_ms = app->config->idle_timeout_ms,
		.body_timeout_ms = app->config->stall_timeout_ms,
		.max_head_size = (size_t)listener->head_max,
		.max_headers = (int)listener->headers_max,
		.handle = handle,
		.context = context,
	};
	return http_server_create(&options, out, err);
}

static int build(struct app *app, const volatile sig_atomic_t *stop, struct error *err)
{
	const struct config *config = app->config;
	if (bus_urls_check(config->amqp_url, err))
		return error_prefix(err, "AMQP_URL: ");
	if (url_list_create(config->sources, &app->sources, err))
		return error_prefix(err, "MEDIASTORE_SOURCES: ");
	app->pool = open_pool(config, "api-gateway", config->database_timeout_ms);
	app->lists = open_pool(config, "api-gateway lists", -1);
	app->reader = media_reader_create(app->pool, config->database_timeout_ms);
	if (build_rest(app, err) || prepare_database(app, stop, err) ||
		spool_create(config->spool_dir, internal_url(app), config->service_key, &app->spool, err))
		return -1;
	spool_set_limit(app->spool, config->spool_max);
	build_bus(app);
	build_transfer(app);
	build_gateway(app);
	build_views(app);
	build_background(app);
	struct listener internal = {config->internal_listen, INTERNAL_THREADS, INTERNAL_HEAD_MAX, 0};
	struct listener public = {
		config->listen, config->http_threads, config->head_max, config->headers_max};
	if (listen_on(app, &internal, internal_handle, app->spool, &app->internal, err))
		return -1;
	return listen_on(app, &public, server_handle, &app->gateway, &app->public, err);
}

int app_start(
	const struct config *config, const volatile sig_atomic_t *stop, struct app **out, struct error *err)
{
	struct app *app = memory_alloc(sizeof(*app));
	app->config = config;
	app->arena = arena_create();
	if (build(app, stop, err)) {
		app_stop(app);
		return -1;
	}
	log_info("serving", LOG_STR("listen", config->listen), LOG_STR("internal", config->internal_listen),
		LOG_STR("instance", app->instance));
	*out = app;
	return 0;
}

/* --- and down again */

static void stop_listening(const struct app *app, struct http_server *server)
{
	if (!server)
		return;
	http_server_drain(server, clock_monotonic_ms() + app->config->drain_timeout_ms);
	http_server_free(server);
}

void app_stop(struct app *app)
{
	if (!app)
		return;
	event_feed_close(app->events);
	stop_listening(app, app->public);
	request_consumer_free(app->requests);
	followup_free(app->followup);
	reconciler_free(app->reconciler);
	leases_free(app->leases);
	deliverer_free(app->deliverer);
	scheduler_free(app->scheduler);
	replayer_free(app->replayer);
	relay_free(app->relay);
	numberer_free(app->numberer);
	stop_listening(app, app->internal);
	queues_free(app->queues);
	results_free(app->results);
	if (app->publisher)
		bus_publisher_free(app->publisher, clock_monotonic_ms() + PUBLISHER_DRAIN_MS);
	replies_free(app->replies);
	transfer_free(app->transfer);
	job_post_free(app->post);
	http_client_free(app->http);
	spool_free(app->spool);
	once_free(app->once);
	event_feed_free(app->events);
	url_list_free(app->sources);
	proxies_free(app->proxies);
	cors_free(app->cors);
	budget_free(app->bodies);
	budget_free(app->transfers);
	login_limit_free(app->login_limit);
	auth_free(app->auth);
	traffic_free(app->traffic);
	router_free(app->router);
	schema_set_free(app->schemas);
	buf_release(&app->openapi);
	coverage_free(app->coverage);
	bus_notes_free(app->notes);
	media_reader_free(app->reader);
	db_pool_free(app->lists);
	db_pool_free(app->pool);
	arena_free(app->arena);
	explicit_bzero(app->gateway.secret_key, sizeof(app->gateway.secret_key));
	free(app);
}

int app_migrate(const struct config *config, int *applied, struct error *err)
{
	struct db_pool *pool = open_pool(config, "api-gateway migrate", config->database_timeout_ms);
	int result = first_start(pool, config, applied, err);
	db_pool_free(pool);
	return result;
}
