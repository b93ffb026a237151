/* SPDX-License-Identifier: MIT */
#include "requests/kinds.h"

#include "common/arena.h"
#include "common/cleanup.h"
#include "http/router.h"
#include "http/routes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_kind_is_a_route(void **state)
{
	(void)state;
	struct router *router = router_create(ROUTES);
	CLEANUP(arena_cleanup) struct arena *arena = arena_create();
	for (const struct request_kind *kind = REQUEST_KINDS; kind->name; kind++) {
		struct route_match match = {0};
		struct error err;
		if (router_match(router, kind->method, kind->path, arena, &match, &err) != 0)
			fail_msg("%s: no route %s %s", kind->name, kind->method, kind->path);
		/* a change needs a writer, and only that */
		assert_int_equal(match.route->auth, kind->effect == EFFECT_NONE ? READER : WRITER);
		/* a pid goes into the query, everything else is a body */
		assert_int_equal(match.route->body.schema == NULL, kind->shape == SHAPE_PID);
	}
	router_free(router);
}

static void the_row_is_found_by_name_and_shape(void **state)
{
	(void)state;
	assert_string_equal(request_kind_find("media.create", SHAPE_OBJECT)->path, "/api/media");
	assert_string_equal(request_kind_find("media.create", SHAPE_LIST)->path, "/api/media/create");
	assert_string_equal(request_kind_find("media.delete", SHAPE_LIST)->method, "POST");
	assert_string_equal(request_kind_find("media.delete", SHAPE_PID)->method, "DELETE");
}

static void another_shape_finds_the_first_row_and_another_name_none(void **state)
{
	(void)state;
	assert_string_equal(request_kind_find("media.create", SHAPE_NONE)->path, "/api/media");
	assert_string_equal(request_kind_find("media.download", SHAPE_LIST)->path, "/api/media");
	assert_null(request_kind_find("media", SHAPE_OBJECT));
	assert_null(request_kind_find("", SHAPE_OBJECT));
	assert_null(request_kind_find("media.create.x", SHAPE_OBJECT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_a_route),
		cmocka_unit_test(the_row_is_found_by_name_and_shape),
		cmocka_unit_test(another_shape_finds_the_first_row_and_another_name_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
