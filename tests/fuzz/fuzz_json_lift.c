/* SPDX-License-Identifier: MIT */

/* Wherever a text is cut, the same is taken out of it; what is kept is well-formed when the whole is, and what is
 * taken is what the last member of that name stands for. The first byte says where it is cut. */

#include "common/buf.h"
#include "common/json_lift.h"
#include "common/json_span.h"
#include "common/json_text.h"
#include "fuzz/fuzz.h"

enum { MAX_DEPTH = 100 };

static const char NAME[] = "base64";

struct outcome {
	struct buf kept, taken;
	bool begun;
	int result;
	struct error err;
};

static void begin(void *context)
{
	struct outcome *outcome = context;
	buf_clear(&outcome->taken);
	outcome->begun = true;
}

static int take(void *context, const char *bytes, size_t length, struct error *err)
{
	(void)err;
	INSIST(length > 0);
	buf_append(&((struct outcome *)context)->taken, bytes, length);
	return 0;
}

static void lift_in_pieces(const char *text, size_t length, size_t piece, struct outcome *out)
{
	struct json_lift lift;
	*out = (struct outcome){.result = 0};
	json_lift_init(&lift, NAME, &(struct json_lift_sink){begin, take, out});
	for (size_t at = 0; at < length && out->result == 0; at += piece) {
		size_t size = length - at < piece ? length - at : piece;
		char *copy = fuzz_copy((const uint8_t *)text + at, size);
		out->result = json_lift_feed(&lift, copy, size, &out->kept, &out->err);
		free(copy);
	}
}

static void release(struct outcome *outcome)
{
	buf_release(&outcome->kept);
	buf_release(&outcome->taken);
}

static bool same(const struct buf *a, const struct buf *b)
{
	return a->length == b->length && (a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
}

static const char *text_of(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

/* What the last member of the name stands for, when it is a string. */
static void check_taken(const char *text, size_t length, const struct outcome *outcome)
{
	static const char *const PATH[] = {NAME, NULL};
	struct json_span span;
	struct buf plain = {0};
	if (!json_span_find(text, length, PATH, &span) || span.text[0] != '"')
		return;
	INSIST(outcome->begun);
	if (memmem(span.text, span.length, "\\ud", 3) || memmem(span.text, span.length, "\\uD", 3))
		return; /* a surrogate, perhaps */
	json_text_unescape(span.text + 1, span.length - 2, &plain);
	INSIST(same(&plain, &outcome->taken));
	buf_release(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole, cut;
	struct error whole_err = {0}, kept_err = {0};
	if (size < 1)
		return 0;
	const size_t length = size - 1, piece = 1 + data[0] % 16;
	char *text = fuzz_copy(data + 1, length);
	lift_in_pieces(text, length, length ? length : 1, &whole);
	lift_in_pieces(text, length, piece, &cut);
	INSIST(whole.result == cut.result);

	int valid = json_text_check(text, length, MAX_DEPTH, &whole_err);
	int kept = json_text_check(text_of(&whole.kept), whole.kept.length, MAX_DEPTH, &kept_err);
	if (valid == 0) {
		INSIST(whole.result == 0 && kept == 0);
		INSIST(same(&whole.kept, &cut.kept) && same(&whole.taken, &cut.taken));
		check_taken(text, length, &whole);
	} else if (whole_err.code == ERROR_BAD_REQUEST) {
		INSIST(whole.result == -1 || (kept == -1 && kept_err.code != ERROR_INVALID));
	}
	release(&whole);
	release(&cut);
	free(text);
	return 0;
}
