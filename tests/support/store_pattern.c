/* SPDX-License-Identifier: MIT */
#include "support/store_conformance.h"

unsigned char pattern_byte(unsigned seed, int64_t position)
{
	uint64_t x = (uint64_t)position * 0x9e3779b97f4a7c15u + (seed + 1u) * 0xbf58476d1ce4e5b9u;
	return (unsigned char)(x >> 56);
}

static ssize_t pattern_read(struct source *base, void *out, size_t size, struct error *err)
{
	struct pattern_source *source = (struct pattern_source *)base;
	if (source->at == source->fail_at)
		return error_set(err, ERROR_SOURCE_FAILED, "made to fail");
	int64_t end = source->size;
	if (source->fail_at >= 0 && source->fail_at < end)
		end = source->fail_at;
	size_t count = 0;
	size_t most = source->piece && source->piece < size ? source->piece : size;
	for (; count < most && source->at < end; count++)
		((unsigned char *)out)[count] = pattern_byte(source->seed, source->at++);
	return (ssize_t)count;
}

static int pattern_rewind(struct source *base, struct error *err)
{
	(void)err;
	struct pattern_source *source = (struct pattern_source *)base;
	source->at = 0;
	source->rewinds++;
	return 0;
}

void pattern_source_init(struct pattern_source *source, unsigned seed, int64_t size)
{
	*source = (struct pattern_source){
		.base = {.read = pattern_read, .rewind = pattern_rewind, .size = size},
		.seed = seed,
		.size = size,
		.fail_at = -1};
}

static int pattern_write(struct sink *base, const void *bytes, size_t length, struct error *err)
{
	struct pattern_sink *sink = (struct pattern_sink *)base;
	for (size_t i = 0; i < length; i++) {
		if (sink->count == sink->fail_at)
			return error_set(err, ERROR_CANCELLED, "made to fail");
		if (((const unsigned char *)bytes)[i] != pattern_byte(sink->seed, sink->at))
			sink->wrong++;
		sink->at++;
		sink->count++;
	}
	return 0;
}

void pattern_sink_init(struct pattern_sink *sink, unsigned seed, int64_t first)
{
	*sink = (struct pattern_sink){
		.base = {pattern_write, NULL}, .seed = seed, .at = first, .fail_at = -1};
}
