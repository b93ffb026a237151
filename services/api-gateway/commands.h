/* SPDX-License-Identifier: MIT */
#ifndef GATEWAY_COMMANDS_H
#define GATEWAY_COMMANDS_H

/*
 * The program's subcommands: one table (main.c's) is what the command line is parsed by and what --help
 * prints. A command is one word or two ("user add"), at most one argument, and options that each have a
 * value ("--role ROLE", "--role=ROLE").
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct config;

enum { COMMAND_OPTIONS = 5, COMMAND_EXIT_USAGE = 2 };

struct command_option {
	const char *name;  /* "--role"; NULL ends a list */
	const char *value; /* what it is called in the help: "ROLE" */
	const char *help;
	bool required;
};

struct command_line {
	const struct config *config; /* NULL for commands without settings */
	const char *argument;        /* NULL: none */
	const char
		*options[COMMAND_OPTIONS]; /* values in the order of the command's options; NULL: not given */
};

/* Which settings must be there: none, those of commands that only need the database, all. */
enum command_settings { COMMAND_ALONE, COMMAND_DATABASE, COMMAND_FULL };

struct command {
	const char *words;                           /* "serve", "user add"; NULL ends the table */
	int (*run)(const struct command_line *line); /* the exit status */
	enum command_settings settings;
	const char *argument; /* what it is called; NULL: takes none */
	const char *help;
	struct command_option options[COMMAND_OPTIONS + 1];
};

/* What argv says, without the program's name. 0 and *command, *line (its config stays NULL); -1: *problem
 * (arena-free, at most `size` bytes) says what is wrong, and *command is the one that was meant, or NULL.
 * Help is asked for when *help. */
int commands_parse(const struct command *table, int argc, char **argv, const struct command **command,
	struct command_line *line, bool *help, char *problem, size_t size);
/* "usage: …" of one command. */
void commands_print_one(const struct command *command, FILE *out);
/* Every command on a line. */
void commands_print(const struct command *table, FILE *out);
/* Parses, loads the settings that the command needs, runs it. The exit status. */
int commands_main(const struct command *table, int argc, char **argv);

#endif
