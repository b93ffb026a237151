/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_WEBHOOK_FILTER_H
#define DOMAIN_WEBHOOK_FILTER_H

/* Which events a webhook is told of: by patterns of routing keys, as a topic exchange has them, and by a pattern of
 * pids, in which `*` stands for any characters, or none. */

#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { WEBHOOK_EVENTS_MAX = 50, WEBHOOK_PID_PATTERN_MAX = 255 /* characters */ };

/* INVALID names what is wrong. */
MUST_CHECK int webhook_filter_check(
	const char *const *events, size_t count, const char *pid_pattern, struct error *err);

/* events: ends with NULL, and without any all match. pid_pattern NULL: any, and what is of no pid. */
bool webhook_filter_matches(
	const char *const *events, const char *pid_pattern, const char *routing_key, const char *pid);

#endif
