/* SPDX-License-Identifier: MIT */
/* The tables of job_message.c and the JSON Schema of the same. */
#include "support/arena_fixture.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/embedded.h"
#include "support/job_message_samples.h"
#include "support/message_field.h"

#include <cjson/cJSON.h>
#include <msgpack.h>
#include <string.h>

extern const struct embedded_file schema_files[];

static cJSON *read_schema(const char *name)
{
	for (const struct embedded_file *file = schema_files; file->name; file++)
		if (strcmp(file->name, name) == 0)
			return cJSON_ParseWithLength((const char *)file->data, file->size);
	fail_msg("no schema %s", name);
	return NULL;
}

static const char *schema_type(const msgpack_object *value)
{
	switch (value->type) {
	case MSGPACK_OBJECT_MAP:
		return "object";
	case MSGPACK_OBJECT_BOOLEAN:
		return "boolean";
	case MSGPACK_OBJECT_POSITIVE_INTEGER:
	case MSGPACK_OBJECT_NEGATIVE_INTEGER:
		return "integer";
	default:
		return "string";
	}
}

/* A message with every field set has exactly the properties of the schema, of its types. */
static void compare(const msgpack_object *map, const cJSON *schema)
{
	const cJSON *properties = cJSON_GetObjectItemCaseSensitive(schema, "properties");
	assert_int_equal(cJSON_GetArraySize(properties), map->via.map.size);
	for (uint32_t i = 0; i < map->via.map.size; i++) {
		const msgpack_object_kv *pair = &map->via.map.ptr[i];
		const char *name = arena_memdup(arena, pair->key.via.str.ptr, pair->key.via.str.size);
		const cJSON *property = cJSON_GetObjectItemCaseSensitive(properties, name);
		if (!property)
			fail_msg("%s is not in the schema", name);
		const char *other = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(property, "$ref"));
		cJSON *referred = other ? read_schema(arena_printf(arena, "amqp/%s", other)) : NULL;
		const cJSON *target = referred ? referred : property;
		assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(target, "type")),
			schema_type(&pair->val));
		assert_int_equal(
			cJSON_HasObjectItem(target, "contentEncoding"), pair->val.type == MSGPACK_OBJECT_BIN);
		if (pair->val.type == MSGPACK_OBJECT_MAP)
			compare(&pair->val, target);
		cJSON_Delete(referred);
	}
}

static void compare_message(const struct buf *body, const char *name)
{
	msgpack_unpacked unpacked;
	msgpack_unpacked_init(&unpacked);
	assert_int_equal(
		msgpack_unpack_next(&unpacked, body->data, body->length, NULL), MSGPACK_UNPACK_SUCCESS);
	cJSON *schema = read_schema(name);
	assert_non_null(schema);
	compare(&unpacked.data, schema);
	cJSON_Delete(schema);
	msgpack_unpacked_destroy(&unpacked);
}

static void the_schemas_describe_the_messages(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf job = {0}, result = {0};
	job_message_pack(&FULL_JOB, &job);
	compare_message(&job, "amqp/job.json");
	result_message_pack(&FULL_RESULT, &result);
	compare_message(&result, "amqp/result.json");
}

static void what_the_job_schema_requires_is_refused_when_missing(void **state)
{
	(void)state;
	cJSON *schema = read_schema("amqp/job.json");
	const cJSON *name;
	cJSON_ArrayForEach(name, cJSON_GetObjectItemCaseSensitive(schema, "required")) {
		CLEANUP(buf_release) struct buf body = {0}, without = {0};
		struct job_message job;
		struct error err;
		job_message_pack(&SMALL_JOB, &body);
		message_field_replace(&body, NULL, name->valuestring, NULL, 0, &without);
		if (job_message_unpack(without.data, without.length, arena, &job, &err) == 0)
			fail_msg("a job without %s is taken", name->valuestring);
	}
	cJSON_Delete(schema);
}

static void the_schemas_list_the_names_that_are_known(void **state)
{
	(void)state;
	cJSON *schema = read_schema("amqp/job.json");
	const cJSON *kinds = cJSON_GetObjectItem(
		cJSON_GetObjectItem(cJSON_GetObjectItem(schema, "properties"), "kind"), "enum");
	assert_int_equal(cJSON_GetArraySize(kinds), JOB_HOLD + 1);
	for (int kind = 0; kind <= JOB_HOLD; kind++)
		assert_string_equal(cJSON_GetArrayItem(kinds, kind)->valuestring, job_kind_name(kind));
	cJSON_Delete(schema);
	schema = read_schema("amqp/result.json");
	const char *known = cJSON_GetStringValue(cJSON_GetObjectItem(
		cJSON_GetObjectItem(cJSON_GetObjectItem(schema, "properties"), "code"), "description"));
	for (int code = 0; code < ERROR_CODE_COUNT; code++)
		assert_non_null(strstr(known, error_wire_name(code)));
	cJSON_Delete(schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_schemas_describe_the_messages),
		cmocka_unit_test(what_the_job_schema_requires_is_refused_when_missing),
		cmocka_unit_test(the_schemas_list_the_names_that_are_known),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
