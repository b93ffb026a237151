/* SPDX-License-Identifier: MIT */
#ifndef JOBS_PRECEDENCE_H
#define JOBS_PRECEDENCE_H

/*
 * Who waits comes first. A thread's niceness decides who gets the processor next, but not what a small job finds there: caches
 * and a sibling thread that are busy with somebody's terabytes. So while jobs are being done that somebody waits for, the
 * threads for which nobody waits rest after every few milliseconds that they compute, so long that all of them together compute
 * for at most a quarter of the processors' time. Thread-safe, but for a precedence_turn, which is its thread's.
 */

#include <stdatomic.h>
#include <stdint.h>

struct precedence {
	int processors;          /* of the machine; the rest begins with 0 */
	_Atomic int waited_for;  /* jobs that are being done */
	_Atomic int64_t last_ms; /* monotonic: when one of them ended */
};

void precedence_begin(struct precedence *precedence);
void precedence_end(struct precedence *precedence);

/* One of `threads` for which nobody waits. */
struct precedence_turn {
	const struct precedence *precedence;
	int threads;
	int64_t since_ms; /* what clock_thread_ms() said after the last rest; begin with 0 */
};

/* To be called between pieces of work, where nothing is held that others need: rests, if it is time for it. */
void precedence_give_way(struct precedence_turn *turn);

/* How long one of so many threads rests that has computed for computed_ms. 0: not yet, or nobody waits. */
int64_t precedence_rest_ms(const struct precedence *precedence, int threads, int64_t computed_ms);

#endif
