/* SPDX-License-Identifier: MIT */
#include "schemas/control_message.h"

#include "schemas/message_table.h"

#include <string.h>

static int kind_from(const char *name)
{
	return strcmp(name, "cancel") == 0 ? CONTROL_CANCEL : -1;
}

static const char *kind_to(int kind)
{
	(void)kind;
	return "cancel";
}

static const struct message_names KIND_NAMES = {kind_from, kind_to};

static const struct message_field CONTROL[] = {
	{.name = "kind",
		.kind = MESSAGE_NAME,
		.offset = offsetof(struct control_message, kind),
		.required = true,
		.names = &KIND_NAMES},
	{.name = "job_id",
		.kind = MESSAGE_TEXT,
		.offset = offsetof(struct control_message, job_id),
		.required = true},
	{.name = NULL},
};

#define FIELD(kind_, member, ...)                                                                            \
	{                                                                                                    \
		.name = #member, .kind = MESSAGE_##kind_,                                                    \
		.offset = offsetof(struct progress_message, member), __VA_ARGS__                             \
	}

static const struct message_field PROGRESS[] = {
	FIELD(TEXT, job_id, .required = true),
	FIELD(INTEGER, attempt, .required = true, .minimum = 1),
	FIELD(TEXT, worker, .required = true),
	FIELD(INTEGER, done, .required = true),
	FIELD(INTEGER, total, .minimum = -1, .absent = -1),
	{.name = NULL},
};

void control_message_pack(const struct control_message *control, struct buf *out)
{
	message_table_pack(CONTROL, control, out);
}

int control_message_unpack(
	const void *bytes, size_t length, struct arena *arena, struct control_message *out, struct error *err)
{
	struct control_message control = {0};
	if (message_table_unpack(CONTROL, bytes, length, arena, &control, err))
		return error_prefix(err, "control: ");
	*out = control;
	return 0;
}

void progress_message_pack(const struct progress_message *progress, struct buf *out)
{
	message_table_pack(PROGRESS, progress, out);
}

int progress_message_unpack(const void *bytes, size_t length, struct arena *arena,
	struct progress_message *out, struct error *err)
{
	struct progress_message progress = {0};
	if (message_table_unpack(PROGRESS, bytes, length, arena, &progress, err))
		return error_prefix(err, "progress: ");
	*out = progress;
	return 0;
}
