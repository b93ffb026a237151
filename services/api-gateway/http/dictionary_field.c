/* SPDX-License-Identifier: MIT */
#include "http/dictionary_field.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { MAX_DIGITS = 15 };

static const char KEY_FIRST[] = "abcdefghijklmnopqrstuvwxyz*";
static const char KEY[] = "abcdefghijklmnopqrstuvwxyz0123456789_-.*";
static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
static const char TOKEN[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~:/";

static const char *skip_spaces(const char *at)
{
	return at + strspn(at, " \t");
}

/* Each of these returns what follows, or NULL when the text is malformed. */

static const char *read_key(const char *at)
{
	return *at && strchr(KEY_FIRST, *at) ? at + strspn(at, KEY) : NULL;
}

static const char *read_number(const char *at, struct dictionary_member *out)
{
	bool negative = *at == '-';
	int digits = 0;
	int64_t value = 0;
	for (at += negative; isdigit((unsigned char)*at); at++, digits++) {
		if (digits == MAX_DIGITS)
			return NULL;
		value = value * 10 + (*at - '0');
	}
	if (digits == 0)
		return NULL;
	out->kind = DICTIONARY_INTEGER;
	out->integer = negative ? -value : value;
	if (*at != '.')
		return at;
	size_t decimals = strspn(at + 1, "0123456789");
	out->kind = DICTIONARY_OTHER;
	return decimals >= 1 && decimals <= 3 ? at + 1 + decimals : NULL;
}

static const char *read_string(const char *at)
{
	for (at++; *at != '"'; at++) {
		if (*at == '\\' && (at[1] == '"' || at[1] == '\\'))
			at++;
		else if (*at == '\\' || *at < ' ' || *at > '~')
			return NULL;
	}
	return at + 1;
}

static const char *read_bytes(const char *at, struct dictionary_member *out)
{
	out->kind = DICTIONARY_BYTES;
	out->base64 = at + 1;
	out->base64_length = strspn(at + 1, BASE64);
	at += 1 + out->base64_length;
	return *at == ':' ? at + 1 : NULL;
}

static const char *read_item(const char *at, struct dictionary_member *out)
{
	out->kind = DICTIONARY_OTHER;
	if (*at == ':')
		return read_bytes(at, out);
	if (*at == '"')
		return read_string(at);
	if (*at == '?')
		return at[1] == '0' || at[1] == '1' ? at + 2 : NULL;
	if (*at == '-' || isdigit((unsigned char)*at))
		return read_number(at, out);
	return isalpha((unsigned char)*at) || *at == '*' ? at + strspn(at, TOKEN) : NULL;
}

static const char *read_parameters(const char *at)
{
	struct dictionary_member ignored;
	while (at && *at == ';') {
		at = read_key(at + 1 + strspn(at + 1, " "));
		if (at && *at == '=')
			at = read_item(at + 1, &ignored);
	}
	return at;
}

static const char *read_inner_list(const char *at)
{
	struct dictionary_member ignored;
	for (at++;;) {
		at += strspn(at, " ");
		if (*at == ')')
			return at + 1;
		at = read_item(at, &ignored);
		at = at ? read_parameters(at) : NULL;
		if (!at || (*at != ' ' && *at != ')'))
			return NULL;
	}
}

static const char *read_member(const char *at, struct dictionary_member *out)
{
	*out = (struct dictionary_member){.name = at};
	at = read_key(at);
	if (!at)
		return NULL;
	out->name_length = (size_t)(at - out->name);
	if (*at == '=')
		at = at[1] == '(' ? read_inner_list(at + 1) : read_item(at + 1, out);
	return at ? read_parameters(at) : NULL;
}

int dictionary_next(const char **at, struct dictionary_member *out)
{
	const char *next = skip_spaces(*at);
	if (!*next)
		return 0;
	next = read_member(next, out);
	if (!next)
		return -1;
	next = skip_spaces(next);
	if (*next == ',') {
		next = skip_spaces(next + 1);
		if (!*next)
			return -1; /* a comma with nothing behind it */
	} else if (*next) {
		return -1;
	}
	*at = next;
	return 1;
}
