/* SPDX-License-Identifier: MIT */

/*
 * A mutex and a condition would do, but whoever is woken under a mutex runs into it at once, and without one the
 * condition may be gone when it is signalled. A futex has neither problem: waking an address that nobody waits at any
 * more is harmless.
 */

#include "common/gate.h"

#include "common/clock.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CLOSED, AWAITED, OPEN };

void gate_init(struct gate *gate)
{
	atomic_init(&gate->state, CLOSED);
}

void gate_open(struct gate *gate)
{
	if (atomic_exchange_explicit(&gate->state, OPEN, memory_order_acq_rel) == AWAITED)
		syscall(SYS_futex, &gate->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

bool gate_wait(struct gate *gate, int64_t deadline_ms)
{
	uint32_t seen = CLOSED;
	atomic_compare_exchange_strong(&gate->state, &seen, AWAITED);
	struct timespec until = clock_timespec(deadline_ms);
	while (atomic_load_explicit(&gate->state, memory_order_acquire) != OPEN) {
		if (clock_left_ms(deadline_ms) == 0)
			return false;
		syscall(SYS_futex, &gate->state, FUTEX_WAIT_BITSET_PRIVATE, AWAITED, &until, NULL,
			FUTEX_BITSET_MATCH_ANY);
	}
	return true;
}
