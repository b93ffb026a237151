/* SPDX-License-Identifier: MIT */

/* Header values: Range, lists of entity tags, Authorization, Content-Disposition, dictionaries, dates. The first
 * four bytes are the object's size. */

#include "common/arena.h"
#include "common/http_date.h"
#include "common/utf8.h"
#include "domain/entity_tag.h"
#include "fuzz/fuzz.h"
#include "http/auth.h"
#include "http/byte_range.h"
#include "http/content_disposition.h"
#include "http/dictionary_field.h"

#include <strings.h>

static void range(const char *value, int64_t size)
{
	struct byte_ranges found = {.count = 99};
	int result = byte_ranges_parse(value, size, &found);
	INSIST(result >= -1 && result <= 1);
	if (result != 1) {
		INSIST(found.count == 99);
		return;
	}
	INSIST(found.count >= 1 && found.count <= BYTE_RANGES_MAX);
	for (size_t i = 0; i < found.count; i++) {
		const struct byte_range *one = &found.items[i];
		INSIST(one->first >= 0 && one->first <= one->last && one->last < size);
		for (size_t j = 0; j < i; j++)
			INSIST(one->first > found.items[j].last + 1 || one->last + 1 < found.items[j].first);
	}
}

/* A name is safe to be used, and is what comes back when it is written down. */
static void filename(const char *value)
{
	struct arena *arena = arena_create();
	const char *name = content_disposition_filename(value, arena);
	if (name) {
		INSIST(*name && strlen(name) <= FILENAME_MAX_BYTES && utf8_is_valid(name, strlen(name)));
		INSIST(!strchr(name, '/') && !strchr(name, '\\') && !strchr(name, '\n'));
		const char *again =
			content_disposition_filename(content_disposition_attachment(name, arena), arena);
		INSIST(again && strcmp(again, name) == 0);
	}
	arena_free(arena);
}

static void dictionary(const char *value)
{
	struct dictionary_member member;
	for (const char *at = value, *before = at; dictionary_next(&at, &member) == 1; before = at) {
		INSIST(at > before && member.name >= before && member.name_length > 0);
		INSIST(member.kind != DICTIONARY_BYTES || member.base64 + member.base64_length < at);
	}
}

static void date(const char *value)
{
	char text[HTTP_DATE_SIZE];
	int64_t seconds, again;
	if (http_date_parse(value, &seconds) != 0 || seconds < 0)
		return;
	http_date_format(seconds, text);
	INSIST(http_date_parse(text, &again) == 0 && again == seconds);
}

static void tags(const char *value)
{
	static const char TAG[] = "\"abc\"";
	bool weakly = entity_tag_in_list(value, TAG), strongly = entity_tag_in_list_strongly(value, TAG);
	INSIST(weakly || !strongly);
	INSIST(!weakly || strstr(value, TAG) || strchr(value, '*'));
}

static void bearer(const char *value)
{
	struct error err = {0};
	const char *token;
	if (auth_bearer(value, &token, &err) != 0) {
		INSIST(err.code == ERROR_UNAUTHORIZED);
		return;
	}
	INSIST(strncasecmp(value, "Bearer ", 7) == 0 && token == value + 7);
	INSIST(*token && strlen(token) <= 512);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t object = 0;
	if (size < sizeof(object))
		return 0;
	memcpy(&object, data, sizeof(object));
	char *value = fuzz_text(data + sizeof(object), size - sizeof(object));
	range(value, object);
	tags(value);
	bearer(value);
	filename(value);
	dictionary(value);
	date(value);
	free(value);
	return 0;
}
