/* SPDX-License-Identifier: MIT */
#include "domain/routing_pattern.h"

#include <string.h>

enum { WORDS_MAX = ROUTING_PATTERN_MAX / 2 + 1 };

struct word {
	const char *text;
	size_t length;
};

int routing_pattern_check(const char *pattern, struct error *err)
{
	if (*pattern && strlen(pattern) <= ROUTING_PATTERN_MAX)
		return 0;
	return error_set(
		err, ERROR_INVALID, "a pattern of routing keys has 1 to %d bytes", ROUTING_PATTERN_MAX);
}

static struct word next_word(const char **at)
{
	struct word word = {*at, strcspn(*at, ".")};
	*at += word.length;
	if (**at == '.')
		(*at)++;
	else
		*at = NULL;
	return word;
}

static bool is(struct word word, char sign)
{
	return word.length == 1 && *word.text == sign;
}

/* Behind which words of the pattern the key may stand, all at once: no pattern makes this slow. Behind a '#'
 * one may stay, and before it as well as behind it. */
static void open_hashes(const struct word *words, size_t count, bool *stands)
{
	for (size_t i = 0; i < count; i++)
		if (stands[i] && is(words[i], '#'))
			stands[i + 1] = true;
}

static void step(const struct word *words, size_t count, struct word key, bool *stands)
{
	bool next[WORDS_MAX + 2] = {false};
	for (size_t i = 0; i < count; i++) {
		if (!stands[i])
			continue;
		if (is(words[i], '#'))
			next[i] = true;
		else if (is(words[i], '*') ||
			 (words[i].length == key.length && memcmp(words[i].text, key.text, key.length) == 0))
			next[i + 1] = true;
	}
	memcpy(stands, next, sizeof(next));
	open_hashes(words, count, stands);
}

bool routing_pattern_matches(const char *pattern, const char *routing_key)
{
	struct word words[WORDS_MAX + 1];
	bool stands[WORDS_MAX + 2] = {true};
	size_t count = 0;
	if (!pattern)
		return true;
	while (pattern && count <= WORDS_MAX)
		words[count++] = next_word(&pattern);
	open_hashes(words, count, stands);
	while (routing_key)
		step(words, count, next_word(&routing_key), stands);
	return stands[count];
}
