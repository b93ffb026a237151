/* SPDX-License-Identifier: MIT */
#include "common/bus_thread.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void bus_thread_start(pthread_t *thread, void *(*run)(void *), void *argument)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(thread, NULL, run, argument);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed) {
		fputs("cannot start a thread for the broker connection\n", stderr);
		abort();
	}
}

void bus_cond_init(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}
