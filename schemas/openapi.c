/* SPDX-License-Identifier: MIT */
#include "schemas/openapi.h"

#include "common/buf.h"
#include "common/cleanup.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 256 };

struct bundle {
	const struct embedded_file *files;
	cJSON *schemas; /* components/schemas of the document; a member's $comment is the file it came from */
	struct error *err;
};

static const char SOURCE[] = "$comment";

static void delete_json(cJSON **json)
{
	cJSON_Delete(*json);
}

static int resolve_all(struct bundle *bundle, cJSON *node, const char *file);

static cJSON *parse(struct bundle *bundle, const char *name)
{
	for (const struct embedded_file *file = bundle->files; file->name; file++) {
		if (strcmp(file->name, name) != 0)
			continue;
		cJSON *json = cJSON_ParseWithLength((const char *)file->data, file->size);
		if (!json)
			error_set(bundle->err, ERROR_INTERNAL, "openapi: %s is not JSON", name);
		return json;
	}
	error_set(bundle->err, ERROR_INTERNAL, "openapi: there is no %s", name);
	return NULL;
}

/* The title under which a file of schemas stands in the document; the file is put there the first time. */
static const char *title_of(struct bundle *bundle, const char *file)
{
	cJSON *known;
	cJSON_ArrayForEach(known, bundle->schemas) {
		const char *source = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(known, SOURCE));
		if (source && strcmp(source, file) == 0)
			return known->string;
	}
	cJSON *schema = parse(bundle, file);
	if (!schema)
		return NULL;
	const char *title = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(schema, "title"));
	if (!title || cJSON_HasObjectItem(bundle->schemas, title)) {
		error_set(bundle->err, ERROR_INTERNAL, "openapi: %s has %s title", file,
			title ? "another's" : "no");
		cJSON_Delete(schema);
		return NULL;
	}
	cJSON_DeleteItemFromObjectCaseSensitive(schema, "$schema");
	cJSON_AddStringToObject(schema, SOURCE, file);
	cJSON_AddItemToObject(bundle->schemas, title, schema);
	return resolve_all(bundle, schema, file) == 0 ? schema->string : NULL;
}

/* "store.json" in rest/media.json is rest/store.json; "#/$defs/x" is in the file itself. */
static void split_reference(
	const char *reference, const char *file, char name[NAME_SIZE], const char **fragment)
{
	size_t length = strcspn(reference, "#");
	const char *slash = strrchr(file, '/');
	size_t directory = slash ? (size_t)(slash - file) + 1 : 0;
	if (length == 0)
		snprintf(name, NAME_SIZE, "%s", file);
	else
		snprintf(name, NAME_SIZE, "%.*s%.*s", (int)directory, file, (int)length, reference);
	*fragment = reference[length] == '#' ? reference + length + 1 : "";
}

static int resolve_one(struct bundle *bundle, cJSON *reference, const char *file)
{
	char name[NAME_SIZE], target[NAME_SIZE + 64];
	const char *fragment;
	bool in_document = !strchr(file, '/') && reference->valuestring[0] == '#';
	if (in_document)
		return 0;
	split_reference(reference->valuestring, file, name, &fragment);
	const char *title = title_of(bundle, name);
	if (!title)
		return -1;
	snprintf(target, sizeof(target), "#/components/schemas/%s%s", title, fragment);
	cJSON_SetValuestring(reference, target);
	return 0;
}

static int resolve_all(struct bundle *bundle, cJSON *node, const char *file)
{
	cJSON *child;
	cJSON_ArrayForEach(child, node) {
		bool reference = child->string && strcmp(child->string, "$ref") == 0 && cJSON_IsString(child);
		if ((reference ? resolve_one(bundle, child, file) : resolve_all(bundle, child, file)) != 0)
			return -1;
	}
	return 0;
}

static cJSON *member(cJSON *object, const char *name)
{
	cJSON *found = cJSON_GetObjectItemCaseSensitive(object, name);
	return found ? found : cJSON_AddObjectToObject(object, name);
}

int openapi_bundle(const struct embedded_file *files, struct buf *out, struct error *err)
{
	struct bundle bundle = {.files = files, .err = err};
	CLEANUP(delete_json) cJSON *document = parse(&bundle, "openapi.json");
	if (!document)
		return -1;
	cJSON *schemas CLEANUP(delete_json) = cJSON_CreateObject();
	bundle.schemas = schemas;
	if (resolve_all(&bundle, document, "openapi.json") != 0)
		return -1;
	cJSON *schema;
	cJSON_ArrayForEach(schema, schemas)
		cJSON_DeleteItemFromObjectCaseSensitive(schema, SOURCE);
	cJSON_AddItemToObject(member(document, "components"), "schemas", schemas);
	schemas = NULL;
	char *text = cJSON_PrintUnformatted(document);
	buf_append_text(out, text);
	cJSON_free(text);
	return 0;
}
