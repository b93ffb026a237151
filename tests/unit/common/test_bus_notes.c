/* SPDX-License-Identifier: MIT */
#include "support/cmocka.h"

#include "common/bus.h"
#include "common/bus_notes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void messages_are_noted_line_by_line(void **state)
{
	(void)state;
	char path[] = "/tmp/test_bus_notes.XXXXXX", text[1000] = "";
	close(mkstemp(path));
	struct error err;
	struct bus_notes *notes = NULL;
	assert_int_equal(bus_notes_create(path, &notes, &err), 0);
	const struct bus_header headers[] = {{"a", "\"b\""}, {NULL, NULL}};
	const struct bus_message message = {.exchange = "x",
		.routing_key = "k",
		.type = "t",
		.headers = headers,
		.body = "\x01\xff",
		.length = 2};
	bus_notes_write(notes, &message);
	bus_notes_write(notes, &message);
	bus_notes_free(notes);
	FILE *file = fopen(path, "r");
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	unlink(path);
#define LINE                                                                                                 \
	"{\"exchange\":\"x\",\"routing_key\":\"k\",\"type\":\"t\",\"content_type\":\"\","                    \
	"\"headers\":{\"a\":\"\\\"b\\\"\"},\"body\":\"Af8=\"}\n"
	assert_string_equal(text, LINE LINE);
}

static void without_a_path_nothing_is_noted(void **state)
{
	(void)state;
	struct error err;
	struct bus_notes *notes = NULL;
	assert_int_equal(bus_notes_create(NULL, &notes, &err), 0);
	assert_null(notes);
	bus_notes_write(notes, &(struct bus_message){.body = ""});
	bus_notes_free(notes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_noted_line_by_line),
		cmocka_unit_test(without_a_path_nothing_is_noted),
	};
	return cmocka_run_group_tests_name("common/bus_notes", tests, NULL, NULL);
}
