/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_STORE_CONFORMANCE_INTERNAL_H
#define TESTS_SUPPORT_STORE_CONFORMANCE_INTERNAL_H

/* What the files of the conformance suite share. */

#include "support/cmocka.h"
#include "support/store_conformance.h"

/* cmocka hands no context to a group, so the fixture of the running suite stands here. */
extern struct store_fixture *conformance_fixture;

#define assert_success(call)                                                                                 \
	do {                                                                                                 \
		if ((call) != 0)                                                                             \
			fail_msg("[%s] %s: %s: %s (%s)",                                                     \
				conformance_fixture ? conformance_fixture->name : "", #call,                 \
				error_wire_name(err.code), err.message, err.cause);                          \
	} while (0)
#define assert_fails_with(code_, call)                                                                       \
	do {                                                                                                 \
		if ((call) == 0)                                                                             \
			fail_msg("[%s] %s succeeded", conformance_fixture ? conformance_fixture->name : "",  \
				#call);                                                                      \
		if (err.code != (code_))                                                                     \
			fail_msg("[%s] %s: %s instead of %s: %s (%s)",                                       \
				conformance_fixture ? conformance_fixture->name : "", #call,                 \
				error_wire_name(err.code), error_wire_name(code_), err.message, err.cause);  \
	} while (0)

int conformance_put(const char *key, unsigned seed, int64_t size, struct error *err);
void conformance_assert_nothing_left(void);
bool conformance_can(unsigned capability);
void conformance_discard(const char *key);
/* The key itself, or one that was never used where the store cannot delete. Lent until the next call. */
const char *conformance_fresh(const char *key);

void concurrent_puts_of_one_key_leave_one_whole_winner(void **state);
void concurrent_puts_where_nothing_is_replaced_have_one_winner(void **state);
void readers_during_replacement_see_whole_objects(void **state);
void puts_and_removes_of_one_key_do_not_break_each_other(void **state);
void thousands_of_objects_are_kept_apart(void **state);

#endif
