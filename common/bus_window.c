/* SPDX-License-Identifier: MIT */
#include "common/bus_window.h"

#include "common/bus_outgoing.h"

#include <assert.h>
#include <string.h>

static struct bus_outgoing **slot(struct bus_window *window, uint64_t number)
{
	return &window->slots[number % BUS_WINDOW_MAX];
}

static void skip_taken(struct bus_window *window)
{
	while (window->first < window->next && !*slot(window, window->first))
		window->first++;
}

bool bus_window_is_full(const struct bus_window *window)
{
	return window->next - window->first >= BUS_WINDOW_MAX;
}

bool bus_window_is_empty(const struct bus_window *window)
{
	return window->first == window->next;
}

void bus_window_add(struct bus_window *window, struct bus_outgoing *outgoing)
{
	assert(!bus_window_is_full(window));
	if (!window->next)
		window->first = window->next = 1;
	*slot(window, window->next++) = outgoing;
}

struct bus_outgoing *bus_window_take(struct bus_window *window, uint64_t number)
{
	if (number < window->first || number >= window->next)
		return NULL;
	struct bus_outgoing *taken = *slot(window, number);
	*slot(window, number) = NULL;
	skip_taken(window);
	return taken;
}

struct bus_outgoing *bus_window_take_upto(struct bus_window *window, uint64_t number)
{
	if (bus_window_is_empty(window) || window->first > number)
		return NULL;
	return bus_window_take(window, window->first); /* the first slot is never an empty one */
}

static bool same(const char *given, const char *returned)
{
	return strcmp(given ? given : "", returned) == 0;
}

void bus_window_mark_returned(
	struct bus_window *window, const char *message_id, const char *exchange, const char *routing_key)
{
	/* the broker returns in the order of publishing and confirms after it, so the match is near the
	 * front */
	for (uint64_t number = window->first; number < window->next; number++) {
		struct bus_outgoing *outgoing = *slot(window, number);
		if (!outgoing || outgoing->returned || !outgoing->message.mandatory)
			continue;
		const struct bus_message *message = &outgoing->message;
		if (same(message->message_id, message_id) && same(message->routing_key, routing_key) &&
			same(message->exchange, exchange)) {
			outgoing->returned = true;
			return;
		}
	}
}

void bus_window_reset(struct bus_window *window)
{
	assert(bus_window_is_empty(window));
	window->first = window->next = 1;
}
