/* SPDX-License-Identifier: MIT */
#ifndef COMMON_BUS_INCOMING_H
#define COMMON_BUS_INCOMING_H

/*
 * From the broker's frames to events. A message comes as a method, a header and body frames, on each
 * channel in order but mixed with those of other channels, so one is kept in progress per channel; nothing
 * here ever waits. Everything is copied: the frame's memory can be released after each call.
 */

#include "common/bus.h"

#include <amqp.h>
#include <amqp_framing.h>

struct arena;

enum { BUS_BODY_MAX = 64 * 1024 * 1024 }; /* of a message, published or received */

/* A message that was delivered or returned. */
struct bus_content {
	struct bus_delivery delivery; /* first: bus_delivery_settle() gets its address */
	struct arena *arena;          /* holds this and all it points to */
	struct bus_header *headers;
	uint64_t tag;
	bool returned;
	uint64_t expected, received;
	/* the consumer's */
	struct bus_consumer *consumer;
	size_t subscription;
	uint64_t generation;
	enum bus_settlement settlement;
	struct bus_content *next;
};

void bus_content_free(struct bus_content *content);

enum bus_event_kind {
	BUS_EVENT_CONFIRM,        /* tag, multiple, negative */
	BUS_EVENT_CONTENT,        /* content: the receiver's to free */
	BUS_EVENT_CANCELLED,      /* the broker ended the subscription of that channel */
	BUS_EVENT_CHANNEL_CLOSED, /* text; the answer is sent by bus_connection */
	BUS_EVENT_CLOSED,         /* the connection; text */
	BUS_EVENT_BLOCKED,        /* text */
	BUS_EVENT_UNBLOCKED,
};

struct bus_event {
	enum bus_event_kind kind;
	uint16_t channel;
	uint64_t tag;
	bool multiple, negative;
	struct bus_content *content;
	char text[200];
};

struct bus_incoming {
	size_t channels;                 /* numbers 0..channels-1 are ours */
	struct bus_content **unfinished; /* by channel */
};

void bus_incoming_init(struct bus_incoming *incoming, size_t channels);
void bus_incoming_release(struct bus_incoming *incoming);
/* Forgets the messages in progress: the connection is gone. */
void bus_incoming_reset(struct bus_incoming *incoming);
/* 1: *event is filled · 0: nothing to report (yet) · -1: no sense in the protocol's terms. */
MUST_CHECK int bus_incoming_frame(
	struct bus_incoming *incoming, const amqp_frame_t *frame, struct bus_event *event);

#endif
