/* SPDX-License-Identifier: MIT */
#ifndef COMMON_BUS_THREAD_H
#define COMMON_BUS_THREAD_H

/* Threads of the bus and what they wait on. Signals stay with the program's own threads. */

#include <pthread.h>

/* Ends the process when the system has no thread left. */
void bus_thread_start(pthread_t *thread, void *(*run)(void *), void *argument);
/* A condition whose deadlines are monotonic (clock_timespec). */
void bus_cond_init(pthread_cond_t *condition);

#endif
