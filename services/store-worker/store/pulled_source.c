/* SPDX-License-Identifier: MIT */
#include "store/pulled_source.h"

#include "store/pipe.h"

#include <string.h>

static int push_piece(struct sink *base, const void *bytes, size_t length, struct error *err)
{
	struct pulled_source *source =
		(struct pulled_source *)((char *)base - offsetof(struct pulled_source, sink));
	return pipe_write(source->sink.pipe, bytes, length, err);
}

static void *run(void *context)
{
	struct pulled_source *source = context;
	struct error err;
	struct pipe *pipe = source->sink.pipe;
	if (source->push(source->context, &source->sink.base, &err) == 0)
		pipe_close_writing(pipe, NULL);
	else
		pipe_close_writing(pipe, &err);
	return NULL;
}

static int start(struct pulled_source *source, struct error *err)
{
	source->pipe = pipe_create(STREAM_BUFFER_SIZE, source->timeout_ms);
	source->sink.pipe = source->pipe;
	int reason = pthread_create(&source->thread, NULL, run, source);
	if (reason == 0)
		return 0;
	pipe_free(source->pipe);
	source->pipe = NULL;
	return error_set_cause(err, ERROR_UNAVAILABLE, "pthread_create: %s", strerror(reason));
}

static void stop(struct pulled_source *source)
{
	if (!source->pipe)
		return;
	pipe_close_reading(source->pipe);
	pthread_join(source->thread, NULL);
	pipe_free(source->pipe);
	source->pipe = NULL;
}

static ssize_t pulled_read(struct source *base, void *out, size_t size, struct error *err)
{
	struct pulled_source *source = (struct pulled_source *)base;
	if (!source->pipe && start(source, err) != 0)
		return -1;
	return pipe_read(source->pipe, out, size, err);
}

static int pulled_rewind(struct source *base, struct error *err)
{
	(void)err;
	stop((struct pulled_source *)base);
	return 0;
}

void pulled_source_init(struct pulled_source *source,
	int (*push)(void *context, struct sink *sink, struct error *err), void *context, int64_t size,
	int64_t timeout_ms)
{
	*source = (struct pulled_source){
		.base = {.read = pulled_read, .rewind = pulled_rewind, .size = size},
		.push = push,
		.context = context,
		.timeout_ms = timeout_ms,
		.sink = {.base = {push_piece, NULL}},
	};
}

void pulled_source_release(struct pulled_source *source)
{
	stop(source);
}
