/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/gate.h"

#include <pthread.h>

static void an_open_gate_holds_nobody(void **state)
{
	(void)state;
	struct gate gate;
	gate_init(&gate);
	gate_open(&gate);
	assert_true(gate_wait(&gate, clock_monotonic_ms() + 10000));
	assert_true(gate_wait(&gate, 0));
}

static void a_closed_gate_holds_until_the_deadline(void **state)
{
	(void)state;
	struct gate gate;
	gate_init(&gate);
	int64_t began = clock_monotonic_ms();
	assert_false(gate_wait(&gate, began + 50));
	assert_true(clock_monotonic_ms() >= began + 50);
	gate_open(&gate);
	assert_true(gate_wait(&gate, 0));
}

struct visit {
	struct gate *gate;
	int written; /* before the gate is opened */
};

static void *open_later(void *context)
{
	struct visit *visit = context;
	clock_sleep_ms(20);
	visit->written = 1;
	gate_open(visit->gate);
	return NULL;
}

static void who_waits_sees_what_was_written_before_the_opening(void **state)
{
	(void)state;
	struct gate gate;
	struct visit visit = {&gate, 0};
	pthread_t thread;
	gate_init(&gate);
	pthread_create(&thread, NULL, open_later, &visit);
	assert_true(gate_wait(&gate, INT64_MAX));
	assert_int_equal(visit.written, 1);
	pthread_join(thread, NULL);
}

/* --- two that open each other's gates, which stand on their stacks and are gone at once */

struct table {
	struct gate *_Atomic waiting;
	int rounds;
};

static void *open_what_appears(void *context)
{
	struct table *table = context;
	for (int i = 0; i < table->rounds; i++) {
		struct gate *gate;
		while (!(gate = table->waiting))
			;
		table->waiting = NULL;
		gate_open(gate);
	}
	return NULL;
}

static void gates_come_and_go_on_a_stack(void **state)
{
	(void)state;
	struct table table = {NULL, 2000};
	pthread_t thread;
	pthread_create(&thread, NULL, open_what_appears, &table);
	for (int i = 0; i < table.rounds; i++) {
		struct gate gate;
		gate_init(&gate);
		table.waiting = &gate;
		assert_true(gate_wait(&gate, clock_monotonic_ms() + 20000));
	}
	pthread_join(thread, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_open_gate_holds_nobody),
		cmocka_unit_test(a_closed_gate_holds_until_the_deadline),
		cmocka_unit_test(who_waits_sees_what_was_written_before_the_opening),
		cmocka_unit_test(gates_come_and_go_on_a_stack),
	};
	return cmocka_run_group_tests_name("common/gate", tests, NULL, NULL);
}
