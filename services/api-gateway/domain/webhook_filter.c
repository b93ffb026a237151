/* SPDX-License-Identifier: MIT */
#include "domain/webhook_filter.h"

#include "domain/routing_pattern.h"

#include <string.h>

/* Goes back only to the last star: linear for each of them. */
static bool pid_matches(const char *pattern, const char *pid)
{
	const char *star = NULL, *resume = NULL;
	while (*pid) {
		if (*pattern == '*') {
			star = pattern++;
			resume = pid;
		} else if (*pattern == *pid) {
			pattern++;
			pid++;
		} else if (star) {
			pattern = star + 1;
			pid = ++resume;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

int webhook_filter_check(const char *const *events, size_t count, const char *pid_pattern, struct error *err)
{
	if (count > WEBHOOK_EVENTS_MAX)
		return error_set(err, ERROR_INVALID, "events: at most %d patterns", WEBHOOK_EVENTS_MAX);
	for (size_t i = 0; i < count; i++) {
		if (routing_pattern_check(events[i], err))
			return error_prefix(err, "events: ");
		if (strpbrk(events[i], "\t\r\n "))
			return error_set(err, ERROR_INVALID, "events: a pattern has no white space");
	}
	if (pid_pattern && !*pid_pattern)
		return error_set(err, ERROR_INVALID, "pid: an empty pattern matches nothing; leave it out");
	return 0;
}

bool webhook_filter_matches(
	const char *const *events, const char *pid_pattern, const char *routing_key, const char *pid)
{
	bool wanted = !*events;
	for (; *events && !wanted; events++)
		wanted = routing_pattern_matches(*events, routing_key);
	return wanted && (!pid_pattern || (pid && pid_matches(pid_pattern, pid)));
}
