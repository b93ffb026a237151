/* SPDX-License-Identifier: MIT */
#include "common/bus_notes.h"

#include "common/base64.h"
#include "common/buf.h"
#include "common/bus.h"
#include "common/cleanup.h"
#include "common/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { BODY_MAX = 512 * 1024 };

struct bus_notes {
	int fd;
};

int bus_notes_create(const char *path, struct bus_notes **out, struct error *err)
{
	if (!path)
		return 0;
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (fd == -1)
		return error_set_errno(err, errno, "open MEDIASTORE_TEST_MESSAGES");
	*out = memory_alloc(sizeof(**out));
	(*out)->fd = fd;
	return 0;
}

void bus_notes_free(struct bus_notes *notes)
{
	if (!notes)
		return;
	close(notes->fd);
	free(notes);
}

static void add_text(struct buf *line, const char *name, const char *text)
{
	buf_printf(line, "\"%s\":", name);
	buf_append_json_string(line, text ? text : "");
	buf_append_text(line, ",");
}

static void add_headers(struct buf *line, const struct bus_header *header)
{
	buf_append_text(line, "\"headers\":{");
	for (const char *comma = ""; header && header->name; header++, comma = ",") {
		buf_append_text(line, comma);
		buf_append_json_string(line, header->name);
		buf_append_text(line, ":");
		buf_append_json_string(line, header->value);
	}
	buf_append_text(line, "},");
}

static void add_body(struct buf *line, const struct bus_message *message)
{
	if (message->length > BODY_MAX) {
		buf_append_text(line, "\"body\":null}\n");
		return;
	}
	size_t length = base64_encoded_length(message->length, BASE64_STANDARD);
	buf_append_text(line, "\"body\":\"");
	buf_reserve(line, length + 1);
	base64_encode(message->body, message->length, BASE64_STANDARD, line->data + line->length);
	line->length += length;
	buf_append_text(line, "\"}\n");
}

void bus_notes_write(const struct bus_notes *notes, const struct bus_message *message)
{
	CLEANUP(buf_release) struct buf line = {0};
	if (!notes)
		return;
	buf_append_text(&line, "{");
	add_text(&line, "exchange", message->exchange);
	add_text(&line, "routing_key", message->routing_key);
	add_text(&line, "type", message->type);
	add_text(&line, "content_type", message->content_type);
	add_headers(&line, message->headers);
	add_body(&line, message);
	ssize_t written = write(notes->fd, line.data, line.length);
	(void)written; /* a missing line shows as a message that was never published */
}
