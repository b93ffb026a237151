/* SPDX-License-Identifier: MIT */
#ifndef GATEWAY_PROMPT_H
#define GATEWAY_PROMPT_H

/* A password from whoever runs the program: never from its arguments, which every user of the machine may
 * see. */

#include "common/error.h"

#include <stdbool.h>

enum { PROMPT_SECRET_SIZE = 513 };

struct prompt_secret {
	char text[PROMPT_SECRET_SIZE];
};

void prompt_wipe(struct prompt_secret *secret); /* for CLEANUP() */

/* From a terminal: asks on standard error, without echo, and with `twice` again. Else: one line of
 * standard input. INVALID (none, too long, the two differ), CANCELLED (a signal; the terminal is as it
 * was). */
MUST_CHECK int prompt_password(
	const char *question, bool twice, struct prompt_secret *out, struct error *err);

#endif
