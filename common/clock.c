/* SPDX-License-Identifier: MIT */
#include "common/clock.h"

#include <errno.h>
#include <stdio.h>

static int64_t read_ms(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_monotonic_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_unix_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

int64_t clock_thread_ms(void)
{
	return read_ms(CLOCK_THREAD_CPUTIME_ID);
}

int clock_left_ms(int64_t deadline_ms)
{
	int64_t now = clock_monotonic_ms();
	if (deadline_ms <= now)
		return 0;
	int64_t left = deadline_ms - now;
	return left > INT32_MAX ? INT32_MAX : (int)left;
}

struct timespec clock_timespec(int64_t monotonic_ms)
{
	return (struct timespec){.tv_sec = monotonic_ms / 1000, .tv_nsec = monotonic_ms % 1000 * 1000000};
}

void clock_sleep_ms(int64_t ms)
{
	struct timespec left = clock_timespec(ms);
	while (nanosleep(&left, &left) == -1 && errno == EINTR)
		;
}

const char *clock_rfc3339(int64_t unix_ms, char out[CLOCK_RFC3339_SIZE])
{
	static const int64_t FIRST = INT64_C(-62135596800000),
			     LAST = INT64_C(253402300799999); /* years 0001 to 9999 */
	unix_ms = unix_ms < FIRST ? FIRST : unix_ms > LAST ? LAST : unix_ms;
	int64_t ms = (unix_ms % 1000 + 1000) % 1000;
	time_t seconds = (time_t)((unix_ms - ms) / 1000);
	struct tm parts;
	gmtime_r(&seconds, &parts);
	size_t used = strftime(out, CLOCK_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(out + used, CLOCK_RFC3339_SIZE - used, ".%03dZ", (int)ms);
	return out;
}
