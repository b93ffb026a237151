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

int clock_left_ms(int64_t deadline_ms)
{
	int64_t left = deadline_ms - clock_monotonic_ms();
	if (left < 0)
		return 0;
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
	time_t seconds = (time_t)(unix_ms / 1000);
	struct tm parts;
	gmtime_r(&seconds, &parts);
	size_t used = strftime(out, CLOCK_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(out + used, CLOCK_RFC3339_SIZE - used, ".%03dZ", (int)(unix_ms % 1000));
	return out;
}
