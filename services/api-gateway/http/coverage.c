/* SPDX-License-Identifier: MIT */
#include "http/coverage.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct coverage {
	int fd;
};

int coverage_create(const char *path, struct coverage **out, struct error *err)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd == -1)
		return error_set_errno(err, errno, "open MEDIASTORE_TEST_COVERAGE");
	*out = memory_alloc(sizeof(**out));
	(*out)->fd = fd;
	return 0;
}

void coverage_free(struct coverage *coverage)
{
	if (!coverage)
		return;
	close(coverage->fd);
	free(coverage);
}

void coverage_record(const struct coverage *coverage, const char *method, const char *pattern, int status,
	const char *body)
{
	CLEANUP(buf_release) struct buf line = {0};
	buf_append_text(&line, "{\"method\":");
	buf_append_json_string(&line, method);
	buf_append_text(&line, ",\"pattern\":");
	buf_append_json_string(&line, pattern);
	buf_printf(&line, ",\"status\":%d,\"body\":\"%s\"}\n", status, body);
	ssize_t written = write(coverage->fd, line.data, line.length);
	(void)written; /* a missing line shows as a reply that was never given */
}
