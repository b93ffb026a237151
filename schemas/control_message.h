/* SPDX-License-Identifier: MIT */
#ifndef SCHEMAS_CONTROL_MESSAGE_H
#define SCHEMAS_CONTROL_MESSAGE_H

/*
 * What is said about a job while it runs: the gateways' control messages to all workers
 * (schemas/amqp/control.json), and the workers' progress (progress.json). Unpacked strings are lent by the
 * arena. Both are transient: nothing depends on their arrival.
 */

#include "common/error.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;

enum control_kind { CONTROL_CANCEL };

struct control_message {
	enum control_kind kind;
	const char *job_id;
};

void control_message_pack(const struct control_message *control, struct buf *out);
MUST_CHECK int control_message_unpack(const void *bytes, size_t length, struct arena *arena,
	struct control_message *out, struct error *err);

struct progress_message {
	const char *job_id;
	int64_t attempt;
	const char *worker;
	int64_t done, total; /* bytes; total -1: unknown */
};

void progress_message_pack(const struct progress_message *progress, struct buf *out);
MUST_CHECK int progress_message_unpack(const void *bytes, size_t length, struct arena *arena,
	struct progress_message *out, struct error *err);

#endif
