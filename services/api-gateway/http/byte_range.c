/* SPDX-License-Identifier: MIT */
#include "http/byte_range.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* 1*DIGIT; too large a number counts as the largest. Returns what follows, NULL without a digit. */
static const char *read_number(const char *at, int64_t *out)
{
	if (!isdigit((unsigned char)*at))
		return NULL;
	*out = 0;
	for (; isdigit((unsigned char)*at); at++)
		if (__builtin_mul_overflow(*out, (int64_t)10, out) ||
			__builtin_add_overflow(*out, *at - '0', out))
			*out = INT64_MAX / 16; /* stays beyond any object */
	return at;
}

/* One of the list, as far as the object goes: `first` beyond its end is outside. Returns what follows, NULL
 * when it is malformed. */
static const char *read_range(const char *at, int64_t size, struct byte_range *out)
{
	int64_t last = INT64_MAX;
	if (*at == '-') {
		at = read_number(at + 1, &last);
		int64_t first = last < size ? size - last : 0;
		*out = (struct byte_range){last == 0 ? size : first, size - 1};
		return at;
	}
	at = read_number(at, &out->first);
	if (!at || *at++ != '-')
		return NULL;
	if (isdigit((unsigned char)*at))
		at = read_number(at, &last);
	if (last < out->first)
		return NULL;
	out->last = last < size ? last : size - 1;
	return at;
}

static bool joins(const struct byte_range *a, const struct byte_range *b)
{
	return a->first <= b->last + 1 && b->first <= a->last + 1;
}

static void remove_at(struct byte_ranges *ranges, size_t at)
{
	ranges->count--;
	memmove(ranges->items + at, ranges->items + at + 1, (ranges->count - at) * sizeof(*ranges->items));
}

/* What it overlaps or touches becomes one with it, at the place of the first of them. */
static void add(struct byte_ranges *ranges, struct byte_range added)
{
	size_t place = ranges->count;
	for (size_t i = ranges->count; i-- > 0;) {
		struct byte_range *other = &ranges->items[i];
		if (!joins(other, &added))
			continue;
		added.first = other->first < added.first ? other->first : added.first;
		added.last = other->last > added.last ? other->last : added.last;
		remove_at(ranges, i);
		place = i;
	}
	memmove(ranges->items + place + 1, ranges->items + place,
		(ranges->count - place) * sizeof(*ranges->items));
	ranges->items[place] = added;
	ranges->count++;
}

static const char *skip_spaces(const char *at)
{
	return at + strspn(at, " \t");
}

int byte_ranges_parse(const char *header, int64_t size, struct byte_ranges *out)
{
	static const char UNIT[] = "bytes=";
	if (!header || strncasecmp(header, UNIT, sizeof(UNIT) - 1) != 0)
		return 0;
	struct byte_ranges found = {.count = 0};
	struct byte_range range;
	size_t asked = 0;
	bool excessive = false;
	for (const char *at = skip_spaces(header + sizeof(UNIT) - 1);; at = skip_spaces(at + 1)) {
		if (*at == ',')
			continue; /* lists may have empty elements */
		if (!*at)
			break;
		at = read_range(at, size, &range);
		at = at ? skip_spaces(at) : NULL;
		if (!at || (*at && *at != ','))
			return 0;
		excessive = ++asked > BYTE_RANGES_MAX;
		if (!excessive && range.first < size)
			add(&found, range);
		if (!*at)
			break;
	}
	if (asked == 0)
		return 0;
	if (excessive || found.count == 0)
		return -1;
	*out = found;
	return 1;
}
