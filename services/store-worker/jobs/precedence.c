/* SPDX-License-Identifier: MIT */
#include "jobs/precedence.h"

#include "common/clock.h"

enum {
	RECENT_MS = 1000,  /* whoever had a job done asks for another soon */
	SLICE_MS = 4,      /* what one computes on end: a small job that comes meanwhile waits no longer */
	LONGEST_MS = 1000, /* a piece of work that took an hour holds nothing up for hours */
	SHARE = 4,         /* one part in so many of the processors' time */
};

void precedence_begin(struct precedence *precedence)
{
	atomic_fetch_add(&precedence->waited_for, 1);
}

void precedence_end(struct precedence *precedence)
{
	atomic_store(&precedence->last_ms, clock_monotonic_ms());
	atomic_fetch_sub(&precedence->waited_for, 1);
}

int64_t precedence_rest_ms(const struct precedence *precedence, int threads, int64_t computed_ms)
{
	int64_t last = atomic_load(&precedence->last_ms);
	if (computed_ms < SLICE_MS)
		return 0;
	if (!atomic_load(&precedence->waited_for) && (!last || clock_monotonic_ms() - last > RECENT_MS))
		return 0;
	int64_t beyond =
		(int64_t)SHARE * threads - precedence->processors; /* what they would take without rest */
	if (beyond <= 0)
		return 0;
	int64_t rest = computed_ms < LONGEST_MS ? computed_ms * beyond / precedence->processors : LONGEST_MS;
	return rest < LONGEST_MS ? rest : LONGEST_MS;
}

void precedence_give_way(struct precedence_turn *turn)
{
	int64_t now = clock_thread_ms();
	int64_t rest = precedence_rest_ms(turn->precedence, turn->threads, now - turn->since_ms);
	if (now - turn->since_ms >= SLICE_MS)
		turn->since_ms = now;
	if (rest)
		clock_sleep_ms(rest);
}
