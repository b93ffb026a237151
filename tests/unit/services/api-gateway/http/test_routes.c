/* SPDX-License-Identifier: MIT */

/* THE route table and schemas/openapi.json tell the same: routes, roles, bodies and replies. */

#include "common/buf.h"
#include "http/router.h"
#include "http/routes.h"
#include "schemas/schema.h"

#include "support/cmocka.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static cJSON *document;

static const cJSON *member(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static int load(void **state)
{
	(void)state;
	for (const struct embedded_file *file = schema_files; file->name; file++)
		if (strcmp(file->name, "openapi.json") == 0)
			document = cJSON_ParseWithLength((const char *)file->data, file->size);
	return document ? 0 : -1;
}

static int drop(void **state)
{
	(void)state;
	cJSON_Delete(document);
	return 0;
}

/* "/api/media/{pid...}" is "/api/media/{pid}" there. */
static void path_of(const char *pattern, char *out)
{
	for (; *pattern; pattern += strncmp(pattern, "...", 3) == 0 ? 3 : 1)
		if (strncmp(pattern, "...", 3) != 0)
			*out++ = *pattern;
	*out = '\0';
}

static const cJSON *operation_of(const struct route *route)
{
	char path[256], method[16] = "";
	path_of(route->pattern, path);
	for (size_t i = 0; route->method[i]; i++)
		method[i] = (char)tolower((unsigned char)route->method[i]);
	return member(member(member(document, "paths"), path), method);
}

static bool is_routed(const char *path, const char *method)
{
	char spelled[256];
	for (const struct route *route = ROUTES; route->method; route++) {
		path_of(route->pattern, spelled);
		if (strcasecmp(route->method, method) == 0 && strcmp(spelled, path) == 0)
			return true;
	}
	return false;
}

/* The $ref of a JSON body or reply; NULL: there is none. */
static const char *json_schema(const cJSON *holder)
{
	const cJSON *json = member(member(holder, "content"), "application/json");
	return cJSON_GetStringValue(member(member(json, "schema"), "$ref"));
}

static void assert_same(const struct route *route, const char *what, const char *table, const char *told)
{
	if (!table != !told || (table && strcmp(table, told) != 0))
		fail_msg("%s %s: %s is %s in the table, %s in the document", route->method, route->pattern,
			what, table ? table : "none", told ? told : "none");
}

static void every_route_is_in_the_document(void **state)
{
	(void)state;
	for (const struct route *route = ROUTES; route->method; route++)
		if (!operation_of(route))
			fail_msg("%s %s is not in openapi.json", route->method, route->pattern);
}

static void the_document_has_no_other_route(void **state)
{
	(void)state;
	const cJSON *path, *operation;
	cJSON_ArrayForEach(path, member(document, "paths")) {
		cJSON_ArrayForEach(operation, path) {
			if (!is_routed(path->string, operation->string))
				fail_msg("%s %s is no route", operation->string, path->string);
		}
	}
}

static void roles_are_those_of_the_table(void **state)
{
	(void)state;
	static const char *const NAMES[] = {
		[READER] = "reader", [WRITER] = "writer", [ADMIN] = "admin", [PUBLIC] = NULL};
	for (const struct route *route = ROUTES; route->method; route++) {
		const cJSON *token =
			member(cJSON_GetArrayItem(member(operation_of(route), "security"), 0), "token");
		assert_same(route, "role", NAMES[route->auth],
			cJSON_GetStringValue(cJSON_GetArrayItem(token, 0)));
	}
}

static void json_bodies_are_those_of_the_table(void **state)
{
	(void)state;
	for (const struct route *route = ROUTES; route->method; route++)
		if (route->body.schema != ROUTE_RAW)
			assert_same(route, "body", route->body.schema,
				json_schema(member(operation_of(route), "requestBody")));
}

static void replies_are_those_of_the_table(void **state)
{
	(void)state;
	for (const struct route *route = ROUTES; route->method; route++) {
		char status[8];
		snprintf(status, sizeof(status), "%d", route->status);
		const cJSON *reply = member(member(operation_of(route), "responses"), status);
		if (!reply)
			fail_msg("%s %s: no answer %s", route->method, route->pattern, status);
		if (route->reply)
			assert_same(route, "reply", route->reply, json_schema(reply));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_route_is_in_the_document),
		cmocka_unit_test(the_document_has_no_other_route),
		cmocka_unit_test(roles_are_those_of_the_table),
		cmocka_unit_test(json_bodies_are_those_of_the_table),
		cmocka_unit_test(replies_are_those_of_the_table),
	};
	return cmocka_run_group_tests(tests, load, drop);
}
