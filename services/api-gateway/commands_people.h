/* SPDX-License-Identifier: MIT */
#ifndef GATEWAY_COMMANDS_PEOPLE_H
#define GATEWAY_COMMANDS_PEOPLE_H

/*
 * Accounts and tokens from the command line, for operators: straight in the database, no gateway needs to
 * run. Passwords come from the terminal, twice and unseen, or as one line on standard input. What was
 * asked for goes to standard output, everything else to standard error. Exit status 0, or 1.
 */

struct command_line;

int command_user_add(const struct command_line *line);     /* NAME --role */
int command_user_passwd(const struct command_line *line);  /* NAME */
int command_user_role(const struct command_line *line);    /* NAME --role */
int command_user_disable(const struct command_line *line); /* NAME */
int command_user_enable(const struct command_line *line);  /* NAME */
int command_user_list(const struct command_line *line);
int command_token_create(const struct command_line *line); /* --user --name --role --lifetime */
int command_token_list(const struct command_line *line);   /* --user */
int command_token_revoke(const struct command_line *line); /* PK */

#endif
