/* SPDX-License-Identifier: MIT */
#ifndef JOBS_PRECEDENCE_H
#define JOBS_PRECEDENCE_H

/*
 * Who waits comes first. A thread's niceness decides who gets the processor next, but not what a small job finds there: caches
 * and a sibling thread that are busy with somebody's terabytes. So while jobs are being done that somebody waits for, the
 * threads for which nobody waits rest after each job, so long that all of them together compute for at most half of one
 * processor's time. Thread-safe.
 */

#include <stdatomic.h>
#include <stdint.h>

struct precedence {              /* begin with {0} */
	_Atomic int waited_for;  /* jobs that are being done */
	_Atomic int64_t last_ms; /* monotonic: when one of them ended */
};

void precedence_begin(struct precedence *precedence);
void precedence_end(struct precedence *precedence);

/* How long one of so many threads rests after a job for which it computed for computed_ms. 0: nobody waits. */
int64_t precedence_rest_ms(const struct precedence *precedence, int threads, int64_t computed_ms);

#endif
