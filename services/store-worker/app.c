/* SPDX-License-Identifier: MIT */
#include "app.h"

#include "bytes.h"
#include "common/address_policy.h"
#include "common/arena.h"
#include "common/bus_notes.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/hex.h"
#include "common/http_client.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/random.h"
#include "common/url_list.h"
#include "config.h"
#include "jobs/consumer.h"
#include "jobs/holder.h"
#include "jobs/jobs.h"
#include "jobs/precedence.h"
#include "jobs/running.h"
#include "schemas/bus_names.h"
#include "store/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

enum { CONNECT_TIMEOUT_MS = 5000, FLUSH_TIMEOUT_MS = 5000, HOST_NAME_SIZE = 65 };
enum consumer_index { QUICK, STREAM, BACKGROUND, RAM, WEBHOOKS, CONSUMERS };

/* Of the threads of each class: who waits for little comes before who waits for much, and both before what nobody
 * waits for. */
static const int NICENESS[CONSUMERS] = {[STREAM] = 5, [BACKGROUND] = 10, [WEBHOOKS] = 5};

static const char *const CONSUMER_NAMES[CONSUMERS] = {"store-worker quick", "store-worker stream",
	"store-worker background", "store-worker ram", "store-worker webhooks"};

struct app {
	const struct config *config;
	struct arena *arena; /* names and tables that live as long as the app */
	char holder_id[RANDOM_UUID_SIZE];
	struct store_environment environment;
	struct http_client *http; /* to gateways */
	struct job_environment jobs;
	struct url_list *sources;
	struct http_client *strangers;
	struct address_policy *networks; /* where webhooks may lead */
	struct http_client *webhooks;
	struct bus_topology topology;
	struct bus_options publisher_options, control_options, consumer_options[CONSUMERS];
	struct store_cache *stores;
	struct bus_notes *notes;
	struct bus_publisher *publisher;
	struct bytes *bytes;
	struct running *running;
	struct precedence precedence;
	struct holder *holder;
	struct job_consumer *consumers[CONSUMERS];
	_Atomic bool serving;
};

/* --- the parts */

static int check_store_root(const char *path, struct error *err)
{
	CLEANUP(cleanup_fd) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		return 0;
	return error_set(
		err, ERROR_INVALID, "MEDIASTORE_STORE_ROOT=%s cannot be opened: %s", path, strerror(errno));
}

static int build_stores(struct app *app, struct error *err)
{
	const struct config *config = app->config;
	const struct http_client_options http = {.connect_timeout_ms = CONNECT_TIMEOUT_MS,
		.user_agent = "mediastore-store-worker/" MEDIASTORE_VERSION};
	struct http_client_options s3 = http;
	s3.ca_file = config->s3_ca_file;
	s3.proxy = config->s3_proxy;
	if (check_store_root(config->store_root, err) != 0)
		return -1;
	app->environment = (struct store_environment){
		.store_root = config->store_root,
		.ram_limit = config->ram_limit,
		.s3_part_size = config->s3_part_size,
		.sqlite_rollback_journal = strcmp(config->sqlite_journal, "delete") == 0,
		.stall_timeout_ms = config->stall_timeout_ms,
		.s3_parallel_parts = (int)config->s3_parallel_parts,
		.http = http_client_create(&s3),
	};
	app->http = http_client_create(&http);
	if (hex_decode(config->secret_key, app->environment.secret_key,
		    sizeof(app->environment.secret_key)) != 0)
		return error_set(err, ERROR_INVALID, "MEDIASTORE_SECRET_KEY is not 64 hex digits");
	app->stores = store_cache_create(&app->environment);
	return 0;
}

static int build_sources(struct app *app, struct error *err)
{
	if (url_list_create(app->config->sources, &app->sources, err) != 0)
		return error_prefix(err, "MEDIASTORE_SOURCES: ");
	const struct http_client_options options = {.connect_timeout_ms = CONNECT_TIMEOUT_MS,
		.user_agent = "mediastore-store-worker/" MEDIASTORE_VERSION,
		.addresses = url_list_addresses(app->sources)};
	app->strangers = http_client_create(&options);
	return 0;
}

static int build_webhooks(struct app *app, struct error *err)
{
	if (address_policy_create(app->config->webhook_networks, &app->networks, err) != 0)
		return error_prefix(err, "MEDIASTORE_WEBHOOK_NETWORKS: ");
	const struct http_client_options options = {.connect_timeout_ms = CONNECT_TIMEOUT_MS,
		.user_agent = "mediastore-webhooks/" MEDIASTORE_VERSION,
		.addresses = app->networks};
	app->webhooks = http_client_create(&options);
	return 0;
}

static struct bus_options bus_options(const struct app *app, const char *name)
{
	return (struct bus_options){
		.urls = app->config->amqp_url,
		.tls = {app->config->amqp_ca, app->config->amqp_cert, app->config->amqp_key},
		.app_id = "store-worker",
		.name = name,
		.heartbeat_s = (int)(app->config->amqp_heartbeat_ms / 1000),
		.notes = app->notes,
		.topology = app->topology,
	};
}

static int build_publisher(struct app *app, struct error *err)
{
	if (bus_urls_check(app->config->amqp_url, err) != 0)
		return error_prefix(err, "AMQP_URL: ");
	if (bus_notes_create(app->config->test_messages, &app->notes, err))
		return -1;
	app->topology = bus_topology_worker(app->arena, app->config->site_list);
	app->publisher_options = bus_options(app, "store-worker publisher");
	app->publisher = bus_publisher_create(&app->publisher_options);
	return 0;
}

/* What /readyz names. */
static const char *missing(void *context)
{
	struct app *app = context;
	if (!atomic_load(&app->serving))
		return "starting or stopping";
	if (!bus_publisher_ready(app->publisher))
		return "the broker takes no results";
	if (!running_ready(app->running))
		return "store-worker control";
	for (int i = 0; i < CONSUMERS; i++)
		if (!job_consumer_ready(app->consumers[i]))
			return CONSUMER_NAMES[i];
	return NULL;
}

static int build_bytes(struct app *app, struct error *err)
{
	const struct config *config = app->config;
	const struct bytes_options options = {
		.listen = config->listen,
		.threads = (int)config->http_threads,
		.stall_timeout_ms = config->stall_timeout_ms,
		.service_key = config->service_key,
		.stores = app->stores,
		.missing = missing,
		.context = app,
	};
	return bytes_create(&options, &app->bytes, err);
}

/* Of MEDIASTORE_WORKER_URL, or of the address that is listened on (whose port may have been 0). */
static const char *make_bytes_url(const struct app *app)
{
	const struct config *config = app->config;
	if (!config->url) {
		int host = (int)(strrchr(config->listen, ':') - config->listen);
		return arena_printf(app->arena, "http://%.*s:%d/internal/bytes/", host, config->listen,
			bytes_port(app->bytes));
	}
	int length = (int)strlen(config->url);
	while (length && config->url[length - 1] == '/')
		length--;
	return arena_printf(app->arena, "%.*s/internal/bytes/", length, config->url);
}

static void describe_jobs(struct app *app)
{
	const struct config *config = app->config;
	char host[HOST_NAME_SIZE] = "";
	random_uuid(app->holder_id);
	gethostname(host, sizeof(host) - 1);
	app->jobs = (struct job_environment){
		.stores = app->stores,
		.http = app->http,
		.sources = app->sources,
		.strangers = app->strangers,
		.source_max = config->source_max,
		.webhooks = app->webhooks,
		.webhook_timeout_ms = config->webhook_timeout_ms,
		.secret_key = app->environment.secret_key,
		.worker = arena_printf(app->arena, "%s:%d", host, (int)getpid()),
		.holder = app->holder_id,
		.spool_dir = config->spool_dir,
		.bytes_url = make_bytes_url(app),
		.service_key = config->service_key,
		.stall_timeout_ms = config->stall_timeout_ms,
		.read_back_max = config->read_back_max,
	};
}

/* --- the queues */

static const char *const WEBHOOK_QUEUES[] = {BUS_JOBS_DELIVER, NULL};

/* The shared queue of a class, and that of each site. */
static const char *const *class_queues(const struct app *app, enum job_class class)
{
	size_t count = 0;
	const char *const *sites = app->config->site_list;
	while (sites[count])
		count++;
	const char **queues = arena_alloc(app->arena, (count + 2) * sizeof(*queues));
	queues[0] = bus_shared_queue(app->arena, class);
	for (size_t i = 0; i < count; i++)
		queues[i + 1] = bus_site_queue(app->arena, sites[i], class);
	return queues;
}

static const char *const *ram_queues(const struct app *app)
{
	size_t count = 0;
	const char *const *sites = app->config->site_list;
	while (sites[count])
		count++;
	const char **queues = arena_alloc(app->arena, (count + 1) * sizeof(*queues));
	for (size_t i = 0; i < count; i++)
		queues[i] = bus_ram_queue(app->arena, sites[i]);
	return queues;
}

static void build_consumer(
	struct app *app, enum consumer_index index, const char *const *queues, int64_t threads)
{
	app->consumer_options[index] = bus_options(app, CONSUMER_NAMES[index]);
	const struct job_consumer_options options = {
		.bus = &app->consumer_options[index],
		.queues = queues,
		.threads = (int)threads,
		.niceness = NICENESS[index],
		.precedence = &app->precedence,
		.waited_for = index != BACKGROUND && index != WEBHOOKS,
		.publisher = app->publisher,
		.environment = &app->jobs,
		.running = app->running,
		.holder = index == RAM ? app->holder : NULL,
	};
	app->consumers[index] = job_consumer_create(&options);
}

static bool ram_connected(void *context)
{
	return job_consumer_ready(((struct app *)context)->consumers[RAM]);
}

static void build_running(struct app *app)
{
	const char *queue = bus_control_queue(app->arena, app->holder_id);
	app->control_options = bus_options(app, "store-worker control");
	app->control_options.topology = bus_topology_control(app->arena, queue);
	const struct running_options options = {
		&app->control_options, queue, app->publisher, app->jobs.worker};
	app->running = running_create(&options);
}

/* That this process may run on. */
static int count_processors(void)
{
	cpu_set_t set;
	return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
}

static void build_consumers(struct app *app)
{
	const struct config *config = app->config;
	app->precedence.processors = count_processors();
	build_running(app);
	const struct holder_options holder = {.publisher = app->publisher,
		.id = app->holder_id,
		.worker = app->jobs.worker,
		.sites = config->site_list};
	app->holder = holder_create(&holder);
	build_consumer(app, QUICK, class_queues(app, JOB_QUICK), config->quick_threads);
	build_consumer(app, STREAM, class_queues(app, JOB_STREAM), config->stream_threads);
	build_consumer(app, BACKGROUND, class_queues(app, JOB_BACKGROUND), config->background_threads);
	build_consumer(app, WEBHOOKS, WEBHOOK_QUEUES, config->webhook_threads);
	build_consumer(app, RAM, ram_queues(app), config->quick_threads);
	holder_start(app->holder, ram_connected, app);
}

/* --- life */

int app_create(const struct config *config, struct app **out, struct error *err)
{
	struct app *app = memory_alloc(sizeof(*app));
	app->config = config;
	app->arena = arena_create();
	if (build_stores(app, err) != 0 || build_sources(app, err) != 0 || build_webhooks(app, err) != 0 ||
		build_publisher(app, err) != 0 || build_bytes(app, err) != 0) {
		app_free(app);
		return -1;
	}
	describe_jobs(app);
	build_consumers(app);
	atomic_store(&app->serving, true);
	log_info("serving", LOG_STR("worker", app->jobs.worker), LOG_STR("url", app->jobs.bytes_url),
		LOG_STR("sites", config->site_list[0]), LOG_STR("holder", app->holder_id));
	*out = app;
	return 0;
}

bool app_stop(struct app *app)
{
	int64_t deadline = clock_monotonic_ms() + app->config->stop_timeout_ms;
	bool finished = true;
	atomic_store(&app->serving, false);
	holder_stop(app->holder);
	for (int i = 0; i < CONSUMERS; i++)
		job_consumer_stop(app->consumers[i]);
	for (int i = 0; i < CONSUMERS; i++)
		finished = job_consumer_wait(app->consumers[i], deadline) && finished;
	bytes_drain(app->bytes, deadline);
	return finished;
}

/* Whatever still runs when a part goes uses only parts that are freed after it. */
void app_free(struct app *app)
{
	if (!app)
		return;
	bytes_free(app->bytes);
	for (int i = 0; i < CONSUMERS; i++)
		job_consumer_free(app->consumers[i]);
	running_free(app->running);
	holder_free(app->holder);
	if (app->publisher)
		bus_publisher_free(app->publisher, clock_monotonic_ms() + FLUSH_TIMEOUT_MS);
	bus_notes_free(app->notes);
	store_cache_free(app->stores);
	http_client_free(app->http);
	http_client_free(app->environment.http);
	http_client_free(app->strangers);
	http_client_free(app->webhooks);
	address_policy_free(app->networks);
	url_list_free(app->sources);
	explicit_bzero(app->environment.secret_key, sizeof(app->environment.secret_key));
	arena_free(app->arena);
	free(app);
}
