/* SPDX-License-Identifier: MIT */
#ifndef COMMON_BUS_WINDOW_H
#define COMMON_BUS_WINDOW_H

/*
 * The messages that were published on a channel and not confirmed yet. The broker counts a channel's
 * messages from 1 and confirms by that number, one by one or all up to it, so a ring indexed by the number
 * holds them. One thread's.
 */

#include <stdbool.h>
#include <stdint.h>

struct bus_outgoing;

enum { BUS_WINDOW_MAX = 1024 };

struct bus_window {
	uint64_t first,
		next; /* numbers [first, next) may be unconfirmed; 0 means 1: zero-initialised is empty */
	struct bus_outgoing *slots[BUS_WINDOW_MAX];
};

bool bus_window_is_full(const struct bus_window *window);
bool bus_window_is_empty(const struct bus_window *window);
/* The message was given to a channel. The window must not be full. */
void bus_window_add(struct bus_window *window, struct bus_outgoing *outgoing);
/* Takes out the one with that number; NULL when there is none. */
struct bus_outgoing *bus_window_take(struct bus_window *window, uint64_t number);
/* Takes out the oldest with a number up to that one; NULL when there is none (any more). UINT64_MAX:
 * whatever is there. */
struct bus_outgoing *bus_window_take_upto(struct bus_window *window, uint64_t number);
/* Marks the oldest message with this name and address that was not marked before. */
void bus_window_mark_returned(
	struct bus_window *window, const char *message_id, const char *exchange, const char *routing_key);
/* A new channel counts anew. The window must be empty. */
void bus_window_reset(struct bus_window *window);

#endif
