/* SPDX-License-Identifier: MIT */
#include "commands.h"

#include "config.h"

#include "support/cmocka.h"

#include <string.h>

static int run_nothing(const struct command_line *line)
{
	(void)line;
	return 0;
}

static const struct command TABLE[] = {
	{"serve", run_nothing, COMMAND_ALONE, NULL, "run", {{0}}},
	{"user add", run_nothing, COMMAND_ALONE, "NAME", "make one",
		{{"--role", "ROLE", "which", true}, {"--note", "TEXT", "what for", false}}},
	{"user list", run_nothing, COMMAND_ALONE, NULL, "show all", {{0}}},
	{0},
};

static const struct command *command;
static struct command_line line;
static char problem[100];
static bool help;

/* The words end with a NULL. */
static int parse(char **words)
{
	int count = 0;
	while (words[count])
		count++;
	return commands_parse(TABLE, count, words, &command, &line, &help, problem, sizeof(problem));
}

#define PARSE(...) parse((char *[]){__VA_ARGS__, NULL})

static void one_and_two_words_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(PARSE("serve"), 0);
	assert_string_equal(command->words, "serve");
	assert_int_equal(PARSE("user", "list"), 0);
	assert_string_equal(command->words, "user list");
	assert_int_equal(PARSE("user"), -1);
	assert_int_equal(PARSE("user", "lis"), -1);
	assert_null(command);
}

static void options_stand_where_they_like(void **state)
{
	(void)state;
	assert_int_equal(PARSE("user", "add", "ann", "--role", "admin"), 0);
	assert_string_equal(line.argument, "ann");
	assert_string_equal(line.options[0], "admin");
	assert_null(line.options[1]);
	assert_int_equal(PARSE("user", "add", "--note=a=b", "--role=reader", "ann"), 0);
	assert_string_equal(line.argument, "ann");
	assert_string_equal(line.options[0], "reader");
	assert_string_equal(line.options[1], "a=b");
}

static void name_with_a_dash_stands_behind_two(void **state)
{
	(void)state;
	assert_int_equal(PARSE("user", "add", "--role", "admin", "--", "-ann"), 0);
	assert_string_equal(line.argument, "-ann");
}

static void what_is_wrong_is_said(void **state)
{
	(void)state;
	assert_int_equal(PARSE("user", "add", "--role", "admin"), -1);
	assert_string_equal(problem, "NAME is missing");
	assert_int_equal(PARSE("user", "add", "ann"), -1);
	assert_string_equal(problem, "--role ROLE is missing");
	assert_int_equal(PARSE("user", "add", "ann", "--role"), -1);
	assert_string_equal(problem, "--role needs a value");
	assert_int_equal(PARSE("user", "add", "ann", "--rol", "x"), -1);
	assert_string_equal(problem, "unknown option --rol");
	assert_int_equal(PARSE("user", "add", "ann", "secret", "--role", "x"), -1);
	assert_string_equal(problem, "unexpected argument 'secret'");
	assert_int_equal(PARSE("user", "add", "ann", "--role=a", "--role=b"), -1);
	assert_string_equal(problem, "--role is given twice");
	assert_int_equal(PARSE("fly"), -1);
	assert_string_equal(problem, "unknown command fly");
}

static void help_is_given_for_all_and_for_one(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--help"), 0);
	assert_true(help);
	assert_null(command);
	assert_int_equal(PARSE("user", "add", "--help"), 0);
	assert_true(help);
	assert_string_equal(command->words, "user add");
}

static void commands_of_operators_need_only_the_database(void **state)
{
	(void)state;
	struct setting rows[CONFIG_DATABASE_ROWS];
	const struct setting *table = config_database_table(rows);
	assert_string_equal(table->name, "DATABASE_URL");
	for (; table->name; table++)
		if (table->default_text == SETTING_REQUIRED)
			assert_string_equal(table->name, "DATABASE_URL");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_and_two_words_are_told_apart),
		cmocka_unit_test(options_stand_where_they_like),
		cmocka_unit_test(name_with_a_dash_stands_behind_two),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(help_is_given_for_all_and_for_one),
		cmocka_unit_test(commands_of_operators_need_only_the_database),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
