/* SPDX-License-Identifier: MIT */
#ifndef BACKGROUND_LOOP_H
#define BACKGROUND_LOOP_H

#include <stdint.h>

/*
 * A thread that does one thing again and again: relay, scheduler, reconciler. step() returns how many
 * milliseconds to rest before the next one (0: none, there is more to do); stopping interrupts the rest,
 * not the step.
 */

struct loop;

/* `name` (at most 15 characters) is shown by ps -L. */
struct loop *loop_start(const char *name, int64_t (*step)(void *context), void *context);
/* Waits for the step under way. NULL is accepted. */
void loop_stop(struct loop *loop);

#endif
