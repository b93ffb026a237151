/* SPDX-License-Identifier: MIT */
#include "drivers/s3_xml.h"

#include "common/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum token_kind {
	TOKEN_END,
	TOKEN_MALFORMED,
	TOKEN_TEXT,
	TOKEN_CDATA,
	TOKEN_SKIPPED,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_EMPTY
};

struct token {
	enum token_kind kind;
	const char *start; /* of its first byte */
	const char *text;  /* TEXT, CDATA: the characters; OPEN, CLOSE, EMPTY: the name without prefix */
	size_t length;
};

static void advance(struct s3_xml *in, const char *to)
{
	in->length -= (size_t)(to - in->at);
	in->at = to;
}

static const char *find(struct s3_xml in, const char *what)
{
	return in.length ? memmem(in.at, in.length, what, strlen(what)) : NULL;
}

static bool begins(struct s3_xml in, const char *what)
{
	size_t length = strlen(what);
	return in.length >= length && memcmp(in.at, what, length) == 0;
}

/* Everything up to and with `end`, of which `lead` bytes at the front do not count. */
static struct token take_until(struct s3_xml *in, enum token_kind kind, size_t lead, const char *end)
{
	struct token token = {.kind = TOKEN_MALFORMED, .start = in->at};
	struct s3_xml rest = {in->at + lead, in->length - lead};
	const char *stop = find(rest, end);
	if (!stop)
		return token;
	token.kind = kind;
	token.text = rest.at;
	token.length = (size_t)(stop - rest.at);
	advance(in, stop + strlen(end));
	return token;
}

static bool ends_name(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '/' || c == '>';
}

/* The '>' that closes a tag: one inside a quoted attribute does not. */
static const char *tag_end(struct s3_xml in)
{
	char quote = '\0';
	for (size_t i = 0; i < in.length; i++) {
		char c = in.at[i];
		if (quote) {
			quote = c == quote ? '\0' : quote;
			continue;
		}
		if (c == '"' || c == '\'')
			quote = c;
		if (c == '<' && i > 0)
			return NULL;
		if (c == '>')
			return in.at + i;
	}
	return NULL;
}

static struct token take_tag(struct s3_xml *in)
{
	struct token token = {.kind = TOKEN_MALFORMED, .start = in->at};
	const char *end = tag_end(*in);
	if (!end)
		return token;
	bool closes = in->length > 1 && in->at[1] == '/';
	const char *name = in->at + (closes ? 2 : 1), *stop = name;
	while (stop < end && !ends_name(*stop))
		stop++;
	const char *colon = memchr(name, ':', (size_t)(stop - name));
	name = colon ? colon + 1 : name;
	if (name == stop)
		return token;
	token.text = name;
	token.length = (size_t)(stop - name);
	token.kind = closes ? TOKEN_CLOSE : end[-1] == '/' ? TOKEN_EMPTY : TOKEN_OPEN;
	advance(in, end + 1);
	return token;
}

static struct token take_text(struct s3_xml *in)
{
	const char *stop = memchr(in->at, '<', in->length);
	struct token token = {.kind = TOKEN_TEXT, .start = in->at, .text = in->at};
	token.length = stop ? (size_t)(stop - in->at) : in->length;
	advance(in, in->at + token.length);
	return token;
}

static struct token take(struct s3_xml *in)
{
	if (in->length == 0)
		return (struct token){.kind = TOKEN_END, .start = in->at};
	if (in->at[0] != '<')
		return take_text(in);
	if (begins(*in, "<?"))
		return take_until(in, TOKEN_SKIPPED, 2, "?>");
	if (begins(*in, "<!--"))
		return take_until(in, TOKEN_SKIPPED, 4, "-->");
	if (begins(*in, "<![CDATA["))
		return take_until(in, TOKEN_CDATA, 9, "]]>");
	if (begins(*in, "<!"))
		return (struct token){.kind = TOKEN_MALFORMED, .start = in->at};
	return take_tag(in);
}

static bool same_name(const struct token *a, const struct token *b)
{
	return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

/* Everything up to the tag that closes `open`, which is taken too. Inner tags are counted here and
 * compared when they are visited. */
static int take_content(struct s3_xml *in, const struct token *open, struct s3_xml *out)
{
	const char *start = in->at;
	for (int depth = 1; depth <= S3_XML_MAX_DEPTH;) {
		struct token token = take(in);
		if (token.kind == TOKEN_END || token.kind == TOKEN_MALFORMED)
			return -1;
		depth += (token.kind == TOKEN_OPEN) - (token.kind == TOKEN_CLOSE);
		if (depth == 0) {
			*out = (struct s3_xml){start, (size_t)(token.start - start)};
			return same_name(open, &token) ? 0 : -1;
		}
	}
	return -1;
}

int s3_xml_next(struct s3_xml *content, struct s3_xml_element *out)
{
	struct token token = take(content);
	while (token.kind == TOKEN_TEXT || token.kind == TOKEN_CDATA || token.kind == TOKEN_SKIPPED)
		token = take(content);
	if (token.kind == TOKEN_END)
		return 0;
	if (token.kind != TOKEN_OPEN && token.kind != TOKEN_EMPTY)
		return -1;
	struct s3_xml_element element = {token.text, token.length, {content->at, 0}};
	if (token.kind == TOKEN_OPEN && take_content(content, &token, &element.content) == -1)
		return -1;
	*out = element;
	return 1;
}

int s3_xml_is(const struct s3_xml_element *element, const char *name)
{
	return element->name_length == strlen(name) && memcmp(element->name, name, element->name_length) == 0;
}

int s3_xml_root(const char *bytes, size_t length, const char *name, struct s3_xml *out)
{
	struct s3_xml document = {bytes, length};
	struct s3_xml_element element;
	if (length == 0 || s3_xml_next(&document, &element) != 1)
		return -1;
	if (!s3_xml_is(&element, name))
		return 0;
	*out = element.content;
	return 1;
}

int s3_xml_find(struct s3_xml content, const char *name, struct s3_xml *out)
{
	struct s3_xml_element element;
	int found;
	while ((found = s3_xml_next(&content, &element)) == 1) {
		if (!s3_xml_is(&element, name))
			continue;
		*out = element.content;
		return 1;
	}
	return found;
}

static void append_utf8(struct buf *out, uint32_t c)
{
	char bytes[4];
	size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char LEADS[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
	for (size_t i = length - 1; i > 0; i--, c >>= 6)
		bytes[i] = (char)(0x80 | (c & 0x3F));
	bytes[0] = (char)(LEADS[length] | c);
	buf_append(out, bytes, length);
}

/* "#10" or "#xA" without its '&' and ';' */
static int append_numeric(const char *text, size_t length, struct buf *out)
{
	bool hex = length > 1 && (text[1] == 'x' || text[1] == 'X');
	uint32_t value = 0;
	size_t first = hex ? 2 : 1;
	if (length <= first || length > 10)
		return -1;
	for (size_t i = first; i < length; i++) {
		const char *digits = "0123456789abcdef";
		char c = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] + 32) : text[i];
		const char *digit = c ? memchr(digits, c, hex ? 16 : 10) : NULL;
		if (!digit || value > 0x10FFFF)
			return -1;
		value = value * (hex ? 16 : 10) + (uint32_t)(digit - digits);
	}
	if (value == 0 || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
		return -1;
	append_utf8(out, value);
	return 0;
}

static int append_entity(const char *name, size_t length, struct buf *out)
{
	static const struct {
		const char *name, *text;
	} ENTITIES[] = {{"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}};
	if (length && name[0] == '#')
		return append_numeric(name, length, out);
	for (size_t i = 0; i < sizeof(ENTITIES) / sizeof(*ENTITIES); i++) {
		if (strlen(ENTITIES[i].name) != length || memcmp(ENTITIES[i].name, name, length) != 0)
			continue;
		buf_append_text(out, ENTITIES[i].text);
		return 0;
	}
	return -1;
}

static int append_decoded(struct s3_xml text, struct buf *out)
{
	while (text.length) {
		const char *ampersand = memchr(text.at, '&', text.length);
		size_t plain = ampersand ? (size_t)(ampersand - text.at) : text.length;
		buf_append(out, text.at, plain);
		advance(&text, text.at + plain);
		if (!ampersand)
			return 0;
		const char *end = memchr(text.at, ';', text.length);
		if (!end || append_entity(text.at + 1, (size_t)(end - text.at) - 1, out) == -1)
			return -1;
		advance(&text, end + 1);
	}
	return 0;
}

int s3_xml_text(struct s3_xml content, struct buf *out)
{
	if (content.length && memchr(content.at, '\0', content.length))
		return -1;
	for (;;) {
		struct token token = take(&content);
		switch (token.kind) {
		case TOKEN_END:
			buf_append_text(out, "");
			return 0;
		case TOKEN_SKIPPED:
			break;
		case TOKEN_CDATA:
			buf_append(out, token.text, token.length);
			break;
		case TOKEN_TEXT:
			if (append_decoded((struct s3_xml){token.text, token.length}, out) == -1)
				return -1;
			break;
		default:
			return -1;
		}
	}
}

int s3_xml_child_text(struct s3_xml content, const char *name, struct buf *out)
{
	struct s3_xml child;
	int found = s3_xml_find(content, name, &child);
	if (found != 1)
		return found;
	return s3_xml_text(child, out) == -1 ? -1 : 1;
}
