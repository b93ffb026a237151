/* SPDX-License-Identifier: MIT */
#include "app.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_USAGE = 2 };

static const char USAGE[] = "usage: store-worker serve        run until SIGTERM or SIGINT\n"
			    "       store-worker --print-env  all settings as an environment file\n"
			    "       store-worker --help\n"
			    "       store-worker --version\n"
			    "Settings come from the environment; see --print-env.\n";

static void start_log(const struct config *config)
{
	static const char *const LEVELS[] = {"debug", "info", "warn", "error"};
	int level = LOG_LEVEL_INFO;
	for (int i = 0; i < 4; i++)
		if (strcmp(config->log_level, LEVELS[i]) == 0)
			level = i;
	log_init("store-worker", (enum log_level)level,
		strcmp(config->log_format, "json") == 0 ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT);
}

/* Blocked before any thread is made, so that all inherit it and sigwait() gets them. */
static void block_signals(sigset_t *awaited)
{
	sigemptyset(awaited);
	sigaddset(awaited, SIGTERM);
	sigaddset(awaited, SIGINT);
	pthread_sigmask(SIG_BLOCK, awaited, NULL);
	signal(SIGPIPE, SIG_IGN); /* a peer that went away is an error of the write */
	signal(SIGXFSZ, SIG_IGN); /* and so is a file that may not grow */
}

static int run(const struct config *config)
{
	sigset_t awaited;
	struct app *app;
	struct error err;
	int number = 0;
	block_signals(&awaited);
	if (app_create(config, &app, &err) != 0) {
		log_error("cannot start", LOG_ERROR(&err));
		return 1;
	}
	while (sigwait(&awaited, &number) != 0)
		;
	log_info("stopping", LOG_STR("signal", strsignal(number)));
	if (!app_stop(app)) {
		log_warn("stopped with jobs unfinished; the broker delivers them again");
		_exit(0); /* their threads use what freeing would take from them */
	}
	app_free(app);
	log_info("stopped");
	return 0;
}

static int serve(void)
{
	struct config config = {0};
	CLEANUP(buf_release) struct buf problems = {0};
	int result = 1;
	if (config_load(&config, &problems) != 0) {
		fprintf(stderr, "store-worker: the settings are not usable:\n%s", problems.data);
	} else {
		start_log(&config);
		result = run(&config);
	}
	config_release(&config);
	return result;
}

static int print_env(void)
{
	settings_print(CONFIG_TABLE, stdout);
	return 0;
}

static int print_help(void)
{
	fputs(USAGE, stdout);
	return 0;
}

static int print_version(void)
{
	puts("store-worker " MEDIASTORE_VERSION);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} COMMANDS[] = {{"serve", serve}, {"--print-env", print_env}, {"--help", print_help},
		{"--version", print_version}};
	for (size_t i = 0; argc == 2 && i < sizeof(COMMANDS) / sizeof(COMMANDS[0]); i++)
		if (strcmp(argv[1], COMMANDS[i].name) == 0)
			return COMMANDS[i].run();
	fputs(USAGE, stderr);
	return EXIT_USAGE;
}
