/* SPDX-License-Identifier: MIT */
#include "support/store_bucket.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/http_client.h"
#include "common/memory.h"
#include "common/seal.h"

#include "support/cmocka.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *required(const char *name)
{
	const char *value = getenv(name);
	if (!value || !*value) {
		fprintf(stderr, "%s is not set: start a server with tests/support/s3/start-radosgw.sh\n",
			name);
		exit(1);
	}
	return value;
}

struct s3_server s3_server_from_env(void)
{
	const char *region = getenv("TEST_S3_REGION");
	return (struct s3_server){required("TEST_S3_ENDPOINT"), required("TEST_S3_ACCESS_KEY"),
		required("TEST_S3_SECRET_KEY"), region && *region ? region : NULL};
}

int bucket_fixture_try(struct bucket_fixture *fixture, const struct store_descriptor *descriptor,
	const char *secret, struct error *err)
{
	CLEANUP(buf_release) struct buf sealed = {0};
	struct store_descriptor copy = *descriptor;
	if (secret) {
		CLEANUP(cleanup_free)
		char *context = memory_printf("s3_config:%s", descriptor->s3_url ? descriptor->s3_url : "");
		seal_text(fixture->environment.secret_key, context, secret, &sealed);
		copy.s3_secret_sealed = sealed.data;
	}
	return bucket_driver.open(&fixture->environment, &copy, &fixture->store, err);
}

void bucket_fixture_open(struct bucket_fixture *fixture, const struct s3_server *server, const char *bucket,
	int64_t stall_timeout_ms)
{
	const struct http_client_options options = {
		.connect_timeout_ms = 5000, .user_agent = "mediastore-test"};
	const struct store_descriptor descriptor = {.type = STORE_BUCKET,
		.bucket = bucket,
		.s3_url = server->url,
		.s3_region = server->region,
		.s3_access_key = server->access_key};
	struct error err;
	*fixture = (struct bucket_fixture){.environment = {.s3_part_size = BUCKET_PART_SIZE,
						   .s3_parallel_parts = 3,
						   .stall_timeout_ms = stall_timeout_ms,
						   .secret_key = {1, 2, 3},
						   .http = http_client_create(&options)}};
	if (bucket_fixture_try(fixture, &descriptor, server->secret_key, &err) != 0) {
		fprintf(stderr, "bucket store: %s (%s)\n", err.message, err.cause);
		exit(1);
	}
}

void bucket_fixture_close(struct bucket_fixture *fixture)
{
	bucket_driver.close(fixture->store);
	http_client_free(fixture->environment.http);
	*fixture = (struct bucket_fixture){0};
}

/* Beside this file. */
static char *tool_path(void)
{
	return memory_strdup(TEST_SUPPORT_DIR "/s3/s3");
}

static void become_tool(int output, const char *const *arguments)
{
	enum { ARGUMENTS_MAX = 16 };
	char *argv[ARGUMENTS_MAX + 2] = {tool_path()};
	for (int i = 0; i < ARGUMENTS_MAX && arguments[i]; i++)
		argv[i + 1] = memory_strdup(arguments[i]);
	dup2(output, STDOUT_FILENO);
	execv(argv[0], argv);
	_exit(127);
}

int s3_tool(struct buf *out, const char *const *arguments)
{
	int pipe_fds[2], status;
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		become_tool(pipe_fds[1], arguments);
	close(pipe_fds[1]);
	char piece[4096];
	for (ssize_t got; (got = read(pipe_fds[0], piece, sizeof(piece))) > 0;)
		if (out)
			buf_append(out, piece, (size_t)got);
	close(pipe_fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
