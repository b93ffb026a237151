/* SPDX-License-Identifier: MIT */

/* Parts of checked JSON: what is cut out or emptied is JSON again, and no deeper than asked for. */

#include "common/buf.h"
#include "common/json_span.h"
#include "common/json_text.h"
#include "fuzz/fuzz.h"

enum { DEPTH = 300, PRUNED_DEPTH = 3, EMPTIED_DEPTH = PRUNED_DEPTH + 1 };

static void insist_on_json(const char *text, size_t length, int depth)
{
	struct error err = {0};
	INSIST(json_text_check(text, length, depth, &err) == 0);
	INSIST(json_span_measure(text, length).depth <= depth);
}

static void prune(const char *text, size_t length, const struct json_measure *measure)
{
	struct buf pruned = {0};
	json_span_prune(text, length, PRUNED_DEPTH, &pruned);
	insist_on_json(
		pruned.data, pruned.length, measure->depth < EMPTIED_DEPTH ? measure->depth : EMPTIED_DEPTH);
	INSIST(json_span_measure(pruned.data, pruned.length).values <= measure->values);
	buf_release(&pruned);
}

static void find(const char *text, size_t length, const char *const *path)
{
	struct json_span span;
	if (!json_span_find(text, length, path, &span))
		return;
	INSIST(span.text >= text && span.text + span.length <= text + length);
	insist_on_json(span.text, span.length, DEPTH);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const WHOLE[] = {NULL}, *const ONE[] = {"a", NULL}, *const TWO[] = {"a", "", NULL};
	char *text = fuzz_copy(data, size);
	struct error err = {0};
	if (json_text_check(text, size, DEPTH, &err) == 0) {
		struct json_measure measure = json_span_measure(text, size);
		INSIST(measure.depth <= DEPTH && measure.values <= size);
		prune(text, size, &measure);
		find(text, size, WHOLE);
		find(text, size, ONE);
		find(text, size, TWO);
	}
	free(text);
	return 0;
}
