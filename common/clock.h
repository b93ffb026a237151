/* SPDX-License-Identifier: MIT */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

/* Time in milliseconds. Deadlines inside a process are monotonic; what leaves it is Unix time. */

#include <stddef.h>
#include <stdint.h>
#include <time.h>

int64_t clock_monotonic_ms(void);
int64_t clock_unix_ms(void);
int64_t clock_thread_ms(void); /* for how long the calling thread has computed */
/* Milliseconds left until a monotonic deadline, never below 0, at most INT32_MAX. */
int clock_left_ms(int64_t deadline_ms);
/* For pthread_cond_timedwait on a condition made with CLOCK_MONOTONIC. */
struct timespec clock_timespec(int64_t monotonic_ms);
void clock_sleep_ms(int64_t ms);

enum { CLOCK_RFC3339_SIZE = 32 };
/* "2026-01-02T03:04:05.678Z"; times outside the years 0001 to 9999 give the nearest within. */
const char *clock_rfc3339(int64_t unix_ms, char out[CLOCK_RFC3339_SIZE]);

#endif
