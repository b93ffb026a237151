/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_SUM_THREAD_H
#define DOMAIN_SUM_THREAD_H

/* Hashes on a thread of its own the bytes that another receives, piece by piece, so that neither waits for the
 * other's work. */

#include <stddef.h>

struct checksummer;
struct sum_thread;

/* The checksummer is the thread's until the end. NULL when there can be no thread. */
struct sum_thread *sum_thread_start(struct checksummer *summer);
/* Returns when the piece before is done; this one stays as it is until the next is handed over, or the end. */
void sum_thread_hand(struct sum_thread *thread, const void *bytes, size_t length);
/* Returns when everything is hashed. NULL is accepted. */
void sum_thread_end(struct sum_thread *thread);

#endif
