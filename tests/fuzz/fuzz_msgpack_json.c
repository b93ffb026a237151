/* SPDX-License-Identifier: MIT */

/* Requests from the bus, as msgpack and as JSON. What is accepted goes over to the other form and comes back as it was,
 * once numbers are written one way. */

#include "common/buf.h"
#include "common/json_text.h"
#include "fuzz/fuzz.h"
#include "schemas/msgpack_json.h"

/* Of checked text. */
static void over_and_back(const struct buf *text, struct buf *out)
{
	struct buf packed = {0};
	struct error err = {0};
	msgpack_of_json(text->data, text->length, NULL, &packed);
	INSIST(json_of_msgpack(packed.data, packed.length, out, &err) == 0);
	buf_release(&packed);
}

static void insist_on_same(const struct buf *text)
{
	struct buf once = {0}, twice = {0};
	struct error err = {0};
	if (text->length == 0 || json_text_check(text->data, text->length, MSGPACK_JSON_DEPTH - 1, &err) != 0)
		return;
	over_and_back(text, &once);
	INSIST(json_text_check(once.data, once.length, MSGPACK_JSON_DEPTH - 1, &err) == 0);
	over_and_back(&once, &twice);
	INSIST(once.length == twice.length && memcmp(once.data, twice.data, once.length) == 0);
	buf_release(&once);
	buf_release(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const BINARY[] = {"a", "b", NULL};
	char *bytes = fuzz_copy(data, size);
	struct buf text = {0}, given = {0}, packed = {0};
	struct error err = {0};
	buf_append(&given, bytes, size);
	if (json_of_msgpack(bytes, size, &text, &err) == 0)
		insist_on_same(&text);
	else
		INSIST(err.code == ERROR_BAD_REQUEST);
	insist_on_same(&given);
	if (size && json_text_check(given.data, size, MSGPACK_JSON_DEPTH - 1, &err) == 0)
		msgpack_of_json(given.data, size, BINARY, &packed);
	buf_release(&packed);
	buf_release(&given);
	buf_release(&text);
	free(bytes);
	return 0;
}
