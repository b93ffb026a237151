/* SPDX-License-Identifier: MIT */
#ifndef HANDLERS_EVENTS_H
#define HANDLERS_EVENTS_H

/* Events read again: a page, as a stream of Server-Sent Events (event_stream.c), published once more (replays.c). */

#include "common/error.h"

#include <stdint.h>

struct gateway;
struct request;
struct response;

int handle_event_list(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_replay_create(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_replay_list(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);
int handle_replay_read(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err);

/* after: -1: from now on. */
int event_stream(struct gateway *gateway, struct request *request, struct response *response, int64_t after,
	const char *pattern, struct error *err);
/* With GONE the answer names the oldest seq. Returns -1. */
int events_gone(struct response *response, int64_t oldest, const struct error *err);

#endif
