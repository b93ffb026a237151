/* SPDX-License-Identifier: MIT */

/* THE route table and URL decoding: "METHOD path?query". */

#include "common/arena.h"
#include "common/utf8.h"
#include "fuzz/fuzz.h"
#include "http/request.h"
#include "http/router.h"
#include "http/routes.h"
#include "http/url.h"

static struct router *router;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	router = router_create(ROUTES);
	return 0;
}

static void insist_on_texts(const struct request_params *params)
{
	for (size_t i = 0; i < params->count; i++) {
		INSIST(utf8_is_valid(params->items[i].name, strlen(params->items[i].name)));
		INSIST(utf8_is_valid(params->items[i].value, strlen(params->items[i].value)));
	}
}

static void match(const char *method, const char *path, struct arena *arena)
{
	struct route_match found = {0};
	struct error err = {0};
	if (router_match(router, method, path, arena, &found, &err) != 0) {
		INSIST(err.code == ERROR_NOT_FOUND || err.code == ERROR_METHOD_NOT_ALLOWED ||
			err.code == ERROR_BAD_REQUEST || err.code == ERROR_INVALID);
		INSIST((err.code == ERROR_METHOD_NOT_ALLOWED) == (found.allow != NULL));
		return;
	}
	INSIST(found.route != NULL);
	insist_on_texts(&found.params);
	for (size_t i = 0; i < found.params.count; i++)
		INSIST(found.params.items[i].value[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *query = text;
	char *method = strsep(&query, " ");
	char *path = query ? strsep(&query, "?") : text;
	struct arena *arena = arena_create();
	struct request_params params = {0};
	struct error err = {0};
	match(method, path, arena);
	if (query && url_query(query, arena, &params, &err) == 0)
		insist_on_texts(&params);
	arena_free(arena);
	free(text);
	return 0;
}
