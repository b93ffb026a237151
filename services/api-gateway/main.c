/* SPDX-License-Identifier: MIT */
#include "app.h"
#include "commands.h"
#include "commands_people.h"
#include "common/log.h"
#include "common/memory.h"
#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static volatile sig_atomic_t stopping;

/* Signals are taken by one thread, so that no library meets them. */
static void *wait_for_signal(void *signals)
{
	int number;
	sigwait(signals, &number);
	stopping = 1;
	return NULL;
}

static int fail(const char *what, const struct error *err)
{
	log_error(what, LOG_ERROR(err));
	return EXIT_FAILURE;
}

static int serve(const struct command_line *line)
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
	if (app_start(line->config, &stopping, &app, &err))
		return stopping ? EXIT_SUCCESS : fail("cannot start", &err);
	pthread_join(waiter, NULL);
	log_info("stopping");
	app_stop(app);
	log_info("stopped");
	return EXIT_SUCCESS;
}

static int migrate(const struct command_line *line)
{
	struct error err;
	int applied = 0;
	if (app_migrate(line->config, &applied, &err))
		return fail("cannot migrate", &err);
	log_info("database schema is up to date", LOG_INT("applied", applied));
	return EXIT_SUCCESS;
}

static int print_env(const struct command_line *line)
{
	(void)line;
	settings_print(CONFIG_TABLE, stdout);
	return EXIT_SUCCESS;
}

static int print_version(const struct command_line *line)
{
	(void)line;
	puts("api-gateway " MEDIASTORE_VERSION);
	return EXIT_SUCCESS;
}

#define ROLE_OPTION(help, needed)                                                                            \
	{                                                                                                    \
		"--role", "ROLE", help, needed                                                               \
	}
#define NO_OPTIONS                                                                                           \
	{                                                                                                    \
		{                                                                                            \
			0                                                                                    \
		}                                                                                            \
	}

/* clang-format off */
static const struct command COMMANDS[] = {
	{"serve", serve, COMMAND_FULL, NULL, "run until SIGTERM; migrates the database first", NO_OPTIONS},
	{"migrate", migrate, COMMAND_FULL, NULL,
		"bring the database up to date, make the first accounts, and end", NO_OPTIONS},
	{"user add", command_user_add, COMMAND_DATABASE, "NAME",
		"make an account; the password is asked for, or read from standard input",
		{ROLE_OPTION("reader, writer or admin", true)}},
	{"user passwd", command_user_passwd, COMMAND_DATABASE, "NAME",
		"give it another password; ends the tokens of its logins, not those made for programs", NO_OPTIONS},
	{"user role", command_user_role, COMMAND_DATABASE, "NAME", "give it another role",
		{ROLE_OPTION("reader, writer or admin", true)}},
	{"user disable", command_user_disable, COMMAND_DATABASE, "NAME", "end its tokens and let it in no more", NO_OPTIONS},
	{"user enable", command_user_enable, COMMAND_DATABASE, "NAME", "let it in again; its tokens stay ended", NO_OPTIONS},
	{"user list", command_user_list, COMMAND_DATABASE, NULL, "show all accounts", NO_OPTIONS},
	{"token create", command_token_create, COMMAND_DATABASE, NULL,
		"make a token for a program; it is printed on standard output, this once",
		{{"--user", "NAME", "whose it is", true}, {"--name", "NAME", "what it is for", false},
		 ROLE_OPTION("at most the user's; default: that", false),
		 {"--lifetime", "DURATION", "12h, 90d; default: MEDIASTORE_TOKEN_LIFETIME", false}}},
	{"token list", command_token_list, COMMAND_DATABASE, NULL, "show tokens, the newest first, never their text",
		{{"--user", "NAME", "only this user's", false}}},
	{"token revoke", command_token_revoke, COMMAND_DATABASE, "PK",
		"end a token, on every gateway within a second", NO_OPTIONS},
	{"--print-env", print_env, COMMAND_ALONE, NULL, "print every setting with its meaning and default", NO_OPTIONS},
	{"--version", print_version, COMMAND_ALONE, NULL, "print the version", NO_OPTIONS},
	{0},
};
/* clang-format on */

int main(int argc, char **argv)
{
	memory_keep_little();
	return commands_main(COMMANDS, argc, argv);
}
