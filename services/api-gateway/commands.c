/* SPDX-License-Identifier: MIT */
#include "commands.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "config.h"

#include <stdlib.h>
#include <string.h>

/* --- parsing */

/* How many words of argv are the command's; 0: it is another. */
static int match_words(const struct command *command, int argc, char **argv)
{
	const char *space = strchr(command->words, ' ');
	if (!space)
		return argc > 0 && strcmp(command->words, argv[0]) == 0 ? 1 : 0;
	size_t first = (size_t)(space - command->words);
	bool same = argc > 1 && strlen(argv[0]) == first && strncmp(command->words, argv[0], first) == 0 &&
		    strcmp(space + 1, argv[1]) == 0;
	return same ? 2 : 0;
}

static const struct command *find_command(const struct command *table, int argc, char **argv, int *words)
{
	for (; table->words; table++)
		if ((*words = match_words(table, argc, argv)) > 0)
			return table;
	return NULL;
}

/* The option's index, -1: no such one. *value is what stands behind '=', or NULL. */
static int find_option(const struct command *command, const char *text, const char **value)
{
	const char *equals = strchr(text, '=');
	size_t length = equals ? (size_t)(equals - text) : strlen(text);
	*value = equals ? equals + 1 : NULL;
	for (int i = 0; command->options[i].name; i++)
		if (strlen(command->options[i].name) == length &&
			strncmp(command->options[i].name, text, length) == 0)
			return i;
	return -1;
}

/* How many words were used; 0: *problem is set. */
static int take_option(const struct command *command, int argc, char **argv, struct command_line *line,
	char *problem, size_t size)
{
	const char *value;
	int option = find_option(command, argv[0], &value);
	if (option < 0) {
		snprintf(problem, size, "unknown option %s", argv[0]);
		return 0;
	}
	int used = value ? 1 : 2;
	if (!value && argc > 1)
		value = argv[1];
	if (!value || !*value)
		snprintf(problem, size, "%s needs a value", command->options[option].name);
	else if (line->options[option])
		snprintf(problem, size, "%s is given twice", command->options[option].name);
	else
		line->options[option] = value;
	return *problem ? 0 : used;
}

static int take_argument(const struct command *command, const char *text, struct command_line *line,
	char *problem, size_t size)
{
	if (!command->argument || line->argument || !*text)
		snprintf(problem, size, "unexpected argument '%s'", text);
	else
		line->argument = text;
	return *problem ? 0 : 1;
}

static bool is_help(const char *text)
{
	return strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0;
}

static int check_complete(
	const struct command *command, const struct command_line *line, char *problem, size_t size)
{
	if (command->argument && !line->argument)
		snprintf(problem, size, "%s is missing", command->argument);
	for (int i = 0; command->options[i].name && !*problem; i++)
		if (command->options[i].required && !line->options[i])
			snprintf(problem, size, "%s %s is missing", command->options[i].name,
				command->options[i].value);
	return *problem ? -1 : 0;
}

int commands_parse(const struct command *table, int argc, char **argv, const struct command **command,
	struct command_line *line, bool *help, char *problem, size_t size)
{
	int words = 0;
	bool literal = false; /* after --, names may begin with a dash */
	*line = (struct command_line){0};
	*help = argc > 0 && is_help(argv[0]);
	*problem = '\0';
	*command = find_command(table, argc, argv, &words);
	if (!*command) {
		if (*help)
			return 0;
		snprintf(problem, size, argc ? "unknown command %s" : "a command is missing",
			argc ? argv[0] : "");
		return -1;
	}
	for (int at = words; at < argc; at++)
		*help = *help || is_help(argv[at]);
	for (int at = words; at < argc && !*help;) {
		int used = 1;
		if (!literal && strcmp(argv[at], "--") == 0)
			literal = true;
		else if (!literal && argv[at][0] == '-')
			used = take_option(*command, argc - at, argv + at, line, problem, size);
		else
			used = take_argument(*command, argv[at], line, problem, size);
		if (used == 0)
			return -1;
		at += used;
	}
	return *help ? 0 : check_complete(*command, line, problem, size);
}

/* --- help */

static void print_synopsis(const struct command *command, struct buf *out)
{
	buf_append_text(out, command->words);
	if (command->argument)
		buf_printf(out, " %s", command->argument);
	for (const struct command_option *option = command->options; option->name; option++)
		buf_printf(out, option->required ? " %s %s" : " [%s %s]", option->name, option->value);
}

void commands_print_one(const struct command *command, FILE *out)
{
	CLEANUP(buf_release) struct buf synopsis = {0};
	print_synopsis(command, &synopsis);
	fprintf(out, "usage: api-gateway %s\n\n  %s\n", synopsis.data, command->help);
	for (const struct command_option *option = command->options; option->name; option++)
		fprintf(out, "  %s %s: %s\n", option->name, option->value, option->help);
}

void commands_print(const struct command *table, FILE *out)
{
	fputs("api-gateway, the REST face of Mediastore\n\nusage:\n", out);
	for (; table->words; table++) {
		CLEANUP(buf_release) struct buf synopsis = {0};
		print_synopsis(table, &synopsis);
		fprintf(out, "  api-gateway %s\n      %s\n", synopsis.data, table->help);
	}
	fputs("\nEach command has --help. All settings come from the environment (--print-env).\n", out);
}

/* --- running */

static int load(const struct setting *table, struct config *config)
{
	CLEANUP(buf_release) struct buf problems = {0};
	if (settings_load(table, config, &problems)) {
		fprintf(stderr, "api-gateway cannot start with these settings:\n%s", problems.data);
		return -1;
	}
	log_init("api-gateway", log_level_from_name(config->log_level),
		log_format_from_name(config->log_format));
	return 0;
}

static int run(const struct command *command, struct command_line *line)
{
	struct config config = {0};
	if (command->settings == COMMAND_ALONE)
		return command->run(line);
	struct setting database[CONFIG_DATABASE_ROWS];
	const struct setting *table =
		command->settings == COMMAND_FULL ? CONFIG_TABLE : config_database_table(database);
	line->config = &config;
	int status = load(table, &config) ? COMMAND_EXIT_USAGE : command->run(line);
	settings_release(table, &config);
	return status;
}

int commands_main(const struct command *table, int argc, char **argv)
{
	const struct command *command;
	struct command_line line;
	char problem[200];
	bool help;
	if (commands_parse(table, argc - 1, argv + 1, &command, &line, &help, problem, sizeof(problem)) ==
		0) {
		if (!help)
			return run(command, &line);
		if (command)
			commands_print_one(command, stdout);
		else
			commands_print(table, stdout);
		return EXIT_SUCCESS;
	}
	fprintf(stderr, "api-gateway: %s\n\n", problem);
	if (command)
		commands_print_one(command, stderr);
	else
		commands_print(table, stderr);
	return COMMAND_EXIT_USAGE;
}
