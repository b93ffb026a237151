/* SPDX-License-Identifier: MIT */
#include "store/stream.h"

#include "common/clock.h"
#include "common/digest.h"
#include "support/cmocka.h"
#include "support/scratch.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char ABC_SHA256[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static void a_memory_source_gives_its_bytes_and_rewinds(void **state)
{
	(void)state;
	struct error err;
	struct memory_source source;
	char out[8] = {0};
	memory_source_init(&source, "hello", 5);
	assert_int_equal(source.base.read(&source.base, out, 3, &err), 3);
	assert_int_equal(source.base.read(&source.base, out + 3, 5, &err), 2);
	assert_string_equal(out, "hello");
	assert_int_equal(source.base.read(&source.base, out, 5, &err), 0);
	assert_int_equal(source.base.rewind(&source.base, &err), 0);
	assert_int_equal(source.base.read(&source.base, out, 8, &err), 5);
}

/* *path gets where it is. */
static void write_file(const char *directory, const char *name, const char *text, char path[2 * SCRATCH_SIZE])
{
	snprintf(path, 2 * SCRATCH_SIZE, "%s/%s", directory, name);
	scratch_write(directory, name, text);
}

static void a_file_source_knows_size_and_path_and_rewinds(void **state)
{
	(void)state;
	struct error err;
	struct file_source source;
	char directory[SCRATCH_SIZE], path[2 * SCRATCH_SIZE], out[8] = {0};
	scratch_make(directory);
	write_file(directory, "file", "hello", path);
	assert_int_equal(file_source_open(&source, path, &err), 0);
	assert_int_equal(source.base.size, 5);
	assert_string_equal(source.base.path, path);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(source.base.read(&source.base, out, 8, &err), 5);
		assert_int_equal(source.base.read(&source.base, out, 8, &err), 0);
		assert_int_equal(source.base.rewind(&source.base, &err), 0);
	}
	file_source_release(&source);
	scratch_remove(directory);
}

static void links_directories_and_missing_files_are_no_file_source(void **state)
{
	(void)state;
	struct error err;
	struct file_source source;
	char directory[SCRATCH_SIZE], path[2 * SCRATCH_SIZE], other[SCRATCH_SIZE + 16];
	scratch_make(directory);
	write_file(directory, "file", "hello", path);
	snprintf(other, sizeof(other), "%s/link", directory);
	assert_int_equal(symlink("file", other), 0);
	assert_int_equal(file_source_open(&source, other, &err), -1);
	assert_int_equal(file_source_open(&source, directory, &err), -1);
	snprintf(other, sizeof(other), "%s/missing", directory);
	assert_int_equal(file_source_open(&source, other, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	scratch_remove(directory);
}

static ssize_t read_all(struct source *source, struct error *err)
{
	char piece[2];
	ssize_t got, total = 0;
	while ((got = source->read(source, piece, sizeof(piece), err)) > 0)
		total += got;
	return got < 0 ? -1 : total;
}

static void a_hashing_source_hashes_what_passes_also_after_rewinding(void **state)
{
	(void)state;
	struct error err;
	char piece[2];
	struct memory_source inner;
	struct hashing_source source;
	memory_source_init(&inner, "abc", 3);
	hashing_source_init(&source, &inner.base, ABC_SHA256, 0);
	assert_int_equal(source.base.read(&source.base, piece, 2, &err), 2);
	assert_int_equal(source.base.rewind(&source.base, &err), 0);
	assert_int_equal(read_all(&source.base, &err), 3);
	assert_string_equal(source.sha256, ABC_SHA256);
	assert_int_equal(read_all(&source.base, &err), 0);
	assert_int_equal(source.count, 3);
	hashing_source_release(&source);
}

static void a_hashing_source_fails_in_place_of_a_wrong_end(void **state)
{
	(void)state;
	struct error err;
	struct memory_source inner;
	struct hashing_source source;
	memory_source_init(&inner, "abd", 3);
	hashing_source_init(&source, &inner.base, ABC_SHA256, 0);
	assert_int_equal(read_all(&source.base, &err), -1);
	assert_int_equal(err.code, ERROR_CHECKSUM);
	hashing_source_release(&source);
}

static void a_hashing_source_stops_at_its_deadline(void **state)
{
	(void)state;
	struct error err;
	struct memory_source inner;
	struct hashing_source source;
	memory_source_init(&inner, "abc", 3);
	hashing_source_init(&source, &inner.base, NULL, clock_unix_ms() - 1);
	assert_int_equal(read_all(&source.base, &err), -1);
	assert_int_equal(err.code, ERROR_DEADLINE);
	hashing_source_release(&source);
}

/* What was compared elsewhere: it counts, can be cancelled, and has the hash that was expected. */
static void what_is_skipped_counts_as_the_expected(void **state)
{
	(void)state;
	char byte;
	struct error err;
	struct memory_source inner;
	struct hashing_source source;
	struct transfer_watch watch = {0};
	memory_source_init(&inner, "abd", 3); /* which is not looked at */
	inner.base.settled = true;
	hashing_source_init(&source, &inner.base, ABC_SHA256, 0);
	source.watch = &watch;
	assert_int_equal(source.base.pass_over(&source.base, 3, &err), 0);
	assert_int_equal(source.base.read(&source.base, &byte, 1, &err), 0);
	assert_string_equal(source.sha256, ABC_SHA256);
	assert_int_equal(source.count, 3);
	assert_int_equal(watch.done, 3);
	assert_int_equal(source.base.rewind(&source.base, &err), 0);
	assert_int_equal(watch.done, 0);
	assert_int_equal(read_all(&source.base, &err), -1); /* now it is */
	assert_int_equal(err.code, ERROR_CHECKSUM);
	watch.cancelled = true;
	assert_int_equal(source.base.pass_over(&source.base, 3, &err), -1);
	assert_int_equal(err.code, ERROR_CANCELLED);
	hashing_source_release(&source);
}

static void nothing_may_be_skipped_unless_it_is_known(void **state)
{
	(void)state;
	struct memory_source inner;
	struct hashing_source source;
	memory_source_init(&inner, "abc", 3);
	hashing_source_init(&source, &inner.base, ABC_SHA256, 0);
	assert_null(source.base.pass_over);
	hashing_source_release(&source);
	inner.base.settled = true; /* but as what? */
	hashing_source_init(&source, &inner.base, NULL, 0);
	assert_null(source.base.pass_over);
	assert_false(source.base.settled);
	hashing_source_release(&source);
}

static void count_call(void *context)
{
	++*(int *)context;
}

static void between_buffers_a_watched_transfer_may_rest(void **state)
{
	(void)state;
	char bytes[4];
	struct error err;
	struct memory_source inner;
	struct hashing_source source;
	struct hashing_sink sink;
	int calls = 0;
	struct transfer_watch watch = {.between = count_call, .context = &calls};
	memory_source_init(&inner, "abc", 3);
	hashing_source_init(&source, &inner.base, NULL, 0);
	hashing_sink_init(&sink, 0);
	source.watch = sink.watch = &watch;
	assert_int_equal(source.base.read(&source.base, bytes, sizeof(bytes), &err), 3);
	assert_int_equal(calls, 1);
	assert_int_equal(sink.base.write(&sink.base, bytes, 3, &err), 0);
	assert_int_equal(calls, 2);
	hashing_sink_release(&sink);
	hashing_source_release(&source);
}

static void a_watched_source_counts_and_stops_when_it_is_cancelled(void **state)
{
	(void)state;
	char byte;
	struct error err;
	struct memory_source inner;
	struct hashing_source source;
	struct transfer_watch watch = {0};
	memory_source_init(&inner, "abc", 3);
	hashing_source_init(&source, &inner.base, NULL, 0);
	source.watch = &watch;
	assert_int_equal(source.base.read(&source.base, &byte, 1, &err), 1);
	assert_int_equal(watch.done, 1);
	assert_int_equal(source.base.rewind(&source.base, &err), 0);
	assert_int_equal(watch.done, 0);
	watch.cancelled = true;
	assert_int_equal(source.base.read(&source.base, &byte, 1, &err), -1);
	assert_int_equal(err.code, ERROR_CANCELLED);
	hashing_source_release(&source);
}

static void a_watched_sink_stops_when_it_is_cancelled(void **state)
{
	(void)state;
	struct error err;
	struct hashing_sink sink;
	struct transfer_watch watch = {0};
	hashing_sink_init(&sink, 0);
	sink.watch = &watch;
	assert_int_equal(sink.base.write(&sink.base, "ab", 2, &err), 0);
	assert_int_equal(watch.done, 2);
	watch.cancelled = true;
	assert_int_equal(sink.base.write(&sink.base, "c", 1, &err), -1);
	assert_int_equal(err.code, ERROR_CANCELLED);
	hashing_sink_release(&sink);
}

static void a_memory_sink_takes_no_more_than_its_limit(void **state)
{
	(void)state;
	struct error err;
	struct memory_sink sink;
	memory_sink_init(&sink, 5);
	assert_int_equal(sink.base.write(&sink.base, "hello", 5, &err), 0);
	assert_int_equal(sink.base.write(&sink.base, "!", 1, &err), -1);
	assert_int_equal(err.code, ERROR_TOO_LARGE);
	assert_int_equal(sink.bytes.length, 5);
	memory_sink_release(&sink);
}

static void a_hashing_sink_hashes_and_counts(void **state)
{
	(void)state;
	struct error err;
	struct hashing_sink sink;
	char hex[DIGEST_HEX_SIZE];
	hashing_sink_init(&sink, 0);
	assert_int_equal(sink.base.write(&sink.base, "ab", 2, &err), 0);
	assert_int_equal(sink.base.write(&sink.base, "c", 1, &err), 0);
	hashing_sink_finish(&sink, hex);
	assert_string_equal(hex, ABC_SHA256);
	assert_int_equal(sink.count, 3);
	sink.deadline_unix_ms = clock_unix_ms() - 1;
	assert_int_equal(sink.base.write(&sink.base, "d", 1, &err), -1);
	assert_int_equal(err.code, ERROR_DEADLINE);
	hashing_sink_release(&sink);
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		cmocka_unit_test(a_memory_source_gives_its_bytes_and_rewinds),
		cmocka_unit_test(a_file_source_knows_size_and_path_and_rewinds),
		cmocka_unit_test(links_directories_and_missing_files_are_no_file_source),
		cmocka_unit_test(a_hashing_source_hashes_what_passes_also_after_rewinding),
		cmocka_unit_test(a_hashing_source_fails_in_place_of_a_wrong_end),
		cmocka_unit_test(a_hashing_source_stops_at_its_deadline),
		cmocka_unit_test(what_is_skipped_counts_as_the_expected),
		cmocka_unit_test(nothing_may_be_skipped_unless_it_is_known),
		cmocka_unit_test(between_buffers_a_watched_transfer_may_rest),
		cmocka_unit_test(a_watched_source_counts_and_stops_when_it_is_cancelled),
		cmocka_unit_test(a_watched_sink_stops_when_it_is_cancelled),
		cmocka_unit_test(a_memory_sink_takes_no_more_than_its_limit),
		cmocka_unit_test(a_hashing_sink_hashes_and_counts),
	};
	return cmocka_run_group_tests(TESTS, NULL, NULL);
}
