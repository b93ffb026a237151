/* SPDX-License-Identifier: MIT */
/*
 * A peer that moves a byte now and then keeps every timeout from passing. Here time counts only while we wait for
 * it: what it costs is a thread, and a slow store behind us is not its fault.
 */
#include "common/http_internal.h"

#include "common/clock.h"

enum { PIECE_MIN = 4 * 1024 };

void http_exchange_set_pace(struct http_exchange *exchange, int64_t window_ms, int64_t bytes)
{
	exchange->pace.window_ms = bytes > 0 ? window_ms : 0;
	exchange->pace.bytes = bytes;
	exchange->pace.waited_ms = exchange->pace.moved = 0;
	if (!exchange->pace.window_ms)
		http_exchange_set_deadline(exchange, 0);
}

/* Small enough to be moved in good time at the least pace. */
size_t http_pace_piece(const struct http_exchange *exchange, size_t size)
{
	if (!exchange->pace.window_ms)
		return size;
	size_t piece = exchange->pace.bytes > PIECE_MIN ? (size_t)exchange->pace.bytes : PIECE_MIN;
	return size < piece ? size : piece;
}

int64_t http_pace_begin(struct http_exchange *exchange)
{
	int64_t now_ms = clock_monotonic_ms();
	if (exchange->pace.window_ms)
		http_exchange_set_deadline(
			exchange, now_ms + exchange->pace.window_ms - exchange->pace.waited_ms);
	return now_ms;
}

void http_pace_end(struct http_exchange *exchange, int64_t began_ms, int64_t moved)
{
	if (!exchange->pace.window_ms)
		return;
	http_exchange_set_deadline(exchange, 0);
	exchange->pace.waited_ms += clock_monotonic_ms() - began_ms;
	exchange->pace.moved += moved > 0 ? moved : 0;
	if (exchange->pace.moved >= exchange->pace.bytes)
		exchange->pace.waited_ms = exchange->pace.moved = 0;
}
