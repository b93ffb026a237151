/* SPDX-License-Identifier: MIT */
#ifndef COMMON_GATE_H
#define COMMON_GATE_H

/*
 * One thread waits until another says so, once. A gate may stand on the waiting thread's stack: whoever opens it needs
 * no lock, and does not look at it again. What was written before the opening is seen behind the gate.
 */

#include <stdbool.h>
#include <stdint.h>

struct gate {
	_Atomic uint32_t state;
};

/* Closed. */
void gate_init(struct gate *gate);
void gate_open(struct gate *gate);
/* True when it is open; false when it is not by the monotonic deadline. */
bool gate_wait(struct gate *gate, int64_t deadline_ms);

#endif
