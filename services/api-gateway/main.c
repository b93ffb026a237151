/* SPDX-License-Identifier: MIT */
#include "app.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_USAGE = 2 };

static const char USAGE[] =
	"api-gateway, the REST face of Mediastore\n"
	"\n"
	"usage:\n"
	"  api-gateway serve        run until SIGTERM; migrates the database first\n"
	"  api-gateway migrate      bring the database up to date, make the first accounts, and end\n"
	"  api-gateway --print-env  print every setting with its meaning and default\n"
	"  api-gateway --version\n"
	"  api-gateway --help\n"
	"\n"
	"All settings come from the environment. Required: DATABASE_URL, AMQP_URL, MEDIASTORE_SERVICE_KEY,\n"
	"MEDIASTORE_SECRET_KEY, MEDIASTORE_SPOOL_DIR; at the first start also MEDIASTORE_ADMIN_PASSWORD.\n";

static volatile sig_atomic_t stopping;

/* Signals are taken by one thread, so that no library meets them. */
static void *wait_for_signal(void *signals)
{
	int number;
	sigwait(signals, &number);
	stopping = 1;
	return NULL;
}

static int load(struct config *config)
{
	CLEANUP(buf_release) struct buf problems = {0};
	if (settings_load(CONFIG_TABLE, config, &problems)) {
		fprintf(stderr, "api-gateway cannot start with these settings:\n%s", problems.data);
		return -1;
	}
	log_init("api-gateway", log_level_from_name(config->log_level),
		log_format_from_name(config->log_format));
	return 0;
}

static int fail(const char *what, const struct error *err)
{
	log_error(what, LOG_ERROR(err));
	return EXIT_FAILURE;
}

static int serve(const struct config *config)
{
	static sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	pthread_t waiter;
	pthread_create(&waiter, NULL, wait_for_signal, &signals);

	struct app *app = NULL;
	struct error err;
	if (app_start(config, &stopping, &app, &err))
		return stopping ? EXIT_SUCCESS : fail("cannot start", &err);
	pthread_join(waiter, NULL);
	log_info("stopping");
	app_stop(app);
	log_info("stopped");
	return EXIT_SUCCESS;
}

static int migrate(const struct config *config)
{
	struct error err;
	int applied = 0;
	if (app_migrate(config, &applied, &err))
		return fail("cannot migrate", &err);
	log_info("database schema is up to date", LOG_INT("applied", applied));
	return EXIT_SUCCESS;
}

static int print_env(const struct config *config)
{
	(void)config;
	settings_print(CONFIG_TABLE, stdout);
	return EXIT_SUCCESS;
}

static int print_version(const struct config *config)
{
	(void)config;
	puts("api-gateway " MEDIASTORE_VERSION);
	return EXIT_SUCCESS;
}

static int print_usage(const struct config *config)
{
	(void)config;
	fputs(USAGE, stdout);
	return EXIT_SUCCESS;
}

static const struct {
	const char *name;
	int (*run)(const struct config *config);
	bool needs_settings;
} COMMANDS[] = {
	{"serve", serve, true},
	{"migrate", migrate, true},
	{"--print-env", print_env, false},
	{"--version", print_version, false},
	{"--help", print_usage, false},
	{"-h", print_usage, false},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof(COMMANDS) / sizeof(COMMANDS[0]); i++) {
		if (strcmp(argv[1], COMMANDS[i].name) != 0)
			continue;
		struct config config = {0};
		int status =
			COMMANDS[i].needs_settings && load(&config) ? EXIT_USAGE : COMMANDS[i].run(&config);
		settings_release(CONFIG_TABLE, &config);
		return status;
	}
	fputs(USAGE, stderr);
	return EXIT_USAGE;
}
