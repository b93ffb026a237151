/* SPDX-License-Identifier: MIT */
#include "common/url_list.h"

#include "common/address_policy.h"
#include "common/buf.h"
#include "common/memory.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ENTRIES_MAX = 64, PORT_MAX = 65535 };

/* Points into the URL. */
struct parts {
	enum url_scheme scheme;
	const char *host;
	size_t host_length;
	long port;
	const char *path; /* without the query */
	size_t path_length;
};

struct entry {
	char *text;
	struct parts parts;
};

struct url_list {
	size_t count;
	struct entry entries[ENTRIES_MAX];
	struct buf networks;
	struct address_policy *addresses;
};

static const struct {
	const char *name;
	long port;
} SCHEMES[] = {[URL_HTTP] = {"http", 80},
	[URL_HTTPS] = {"https", 443},
	[URL_S3] = {"s3", 0},
	[URL_FILE] = {"file", 0}};
enum { SCHEME_COUNT = sizeof(SCHEMES) / sizeof(SCHEMES[0]) };

/* --- reading a URL */

static bool read_scheme(const char **at, struct parts *out)
{
	for (int each = 0; each < SCHEME_COUNT; each++) {
		size_t length = strlen(SCHEMES[each].name);
		if (strncasecmp(*at, SCHEMES[each].name, length) != 0 || strncmp(*at + length, "://", 3) != 0)
			continue;
		out->scheme = (enum url_scheme)each;
		out->port = SCHEMES[each].port;
		*at += length + 3;
		return true;
	}
	return false;
}

static bool is_name(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("-._", text[i]))
			return false;
	return true;
}

/* A name or IPv4 address, or [IPv6]. */
static size_t host_length(const char *at)
{
	if (*at != '[') {
		size_t length = strcspn(at, ":/?");
		return is_name(at, length) ? length : 0;
	}
	size_t length = 1 + strspn(at + 1, "0123456789abcdefABCDEF:.");
	return at[length] == ']' ? length + 1 : 0;
}

static bool read_port(const char **at, struct parts *out)
{
	char *end;
	if (**at != ':')
		return true;
	if (!isdigit((unsigned char)(*at)[1]))
		return false;
	out->port = strtol(*at + 1, &end, 10);
	*at = end;
	return out->port > 0 && out->port <= PORT_MAX;
}

static bool read_authority(const char **at, bool may_be_wild, struct parts *out)
{
	out->host = *at;
	if (may_be_wild && strncmp(*at, "*.", 2) == 0)
		*at += 1;
	size_t length = host_length(*at);
	*at += length;
	out->host_length = (size_t)(*at - out->host);
	bool takes_port = out->scheme == URL_HTTP || out->scheme == URL_HTTPS;
	if (out->scheme == URL_FILE ? length != 0 : length == 0)
		return false;
	return takes_port ? read_port(at, out) : true;
}

/* A segment that is . or .. however it is quoted; or one with a quoted slash, backslash or NUL. */
static bool is_bad_segment(const char *segment, size_t length)
{
	static const char *const QUOTED[] = {"%2f", "%5c", "%00"};
	size_t dots = 0, others = 0;
	for (size_t i = 0; i < length; i++) {
		if (segment[i] == '%') {
			if (length - i < 3 || !isxdigit((unsigned char)segment[i + 1]) ||
				!isxdigit((unsigned char)segment[i + 2]))
				return true;
			for (size_t each = 0; each < 3; each++)
				if (strncasecmp(segment + i, QUOTED[each], 3) == 0)
					return true;
			bool dot = strncasecmp(segment + i, "%2e", 3) == 0;
			dots += dot;
			others += !dot;
			i += 2;
			continue;
		}
		dots += segment[i] == '.';
		others += segment[i] != '.';
	}
	return others == 0 && (dots == 1 || dots == 2);
}

static bool read_path(const char *at, struct parts *out)
{
	out->path = at;
	out->path_length = strcspn(at, "?");
	if (*at && *at != '/' && *at != '?')
		return false;
	for (size_t begin = 0; begin < out->path_length;) {
		size_t length = strcspn(at + begin, "/?");
		if (is_bad_segment(at + begin, length))
			return false;
		begin += length + 1;
	}
	return true;
}

static bool read_url(const char *url, bool may_be_wild, struct parts *out)
{
	*out = (struct parts){0};
	const char *at = url;
	size_t length = strlen(url);
	if (length > URL_LENGTH_MAX)
		return false;
	for (size_t i = 0; i < length; i++)
		if (url[i] <= ' ' || url[i] > '~' || strchr("\\#\"<>^`{|}@", url[i]))
			return false;
	return read_scheme(&at, out) && read_authority(&at, may_be_wild, out) && read_path(at, out);
}

/* --- the list */

static int add(struct url_list *list, const char *text, size_t length, struct error *err)
{
	struct entry *entry = &list->entries[list->count];
	if (!memmem(text, length, "://", 3)) {
		buf_append(&list->networks, text, length);
		buf_append_text(&list->networks, ",");
		return 0;
	}
	if (list->count == ENTRIES_MAX)
		return error_set(err, ERROR_INVALID, "more than %d URLs", ENTRIES_MAX);
	entry->text = memory_alloc(length + 1);
	memcpy(entry->text, text, length);
	list->count++;
	if (read_url(entry->text, true, &entry->parts) && !strchr(entry->parts.path, '?'))
		return 0;
	return error_set(err, ERROR_INVALID,
		"\"%.*s\" is no URL such as https://data.example.org/pub/, s3://bucket/ or file:///data",
		(int)length, text);
}

static int add_all(struct url_list *list, const char *entries, struct error *err)
{
	static const char BETWEEN[] = ", ";
	for (const char *at = entries ? entries : ""; *(at += strspn(at, BETWEEN));) {
		size_t length = strcspn(at, BETWEEN);
		if (add(list, at, length, err))
			return -1;
		at += length;
	}
	return address_policy_create(list->networks.data, &list->addresses, err);
}

int url_list_create(const char *entries, struct url_list **out, struct error *err)
{
	struct url_list *list = memory_alloc(sizeof(*list));
	if (add_all(list, entries, err)) {
		url_list_free(list);
		return -1;
	}
	*out = list;
	return 0;
}

void url_list_free(struct url_list *list)
{
	if (!list)
		return;
	for (size_t i = 0; i < list->count; i++)
		free(list->entries[i].text);
	buf_release(&list->networks);
	address_policy_free(list->addresses);
	free(list);
}

/* --- asking it */

static bool host_fits(const struct parts *entry, const struct parts *url)
{
	if (*entry->host != '*')
		return entry->host_length == url->host_length &&
		       strncasecmp(entry->host, url->host, url->host_length) == 0;
	size_t suffix = entry->host_length - 1; /* with its dot */
	return url->host_length > suffix &&
	       strncasecmp(entry->host + 1, url->host + url->host_length - suffix, suffix) == 0;
}

static bool path_fits(const struct parts *entry, const struct parts *url)
{
	size_t length = entry->path_length;
	while (length && entry->path[length - 1] == '/')
		length--;
	if (url->path_length < length || strncmp(entry->path, url->path, length) != 0)
		return false;
	/* "/pub/" is not below itself without its slash: that would be a file of that name */
	bool whole = url->path_length == length;
	return whole ? length == entry->path_length : url->path[length] == '/';
}

static const struct entry *find(const struct url_list *list, const struct parts *url)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct parts *entry = &list->entries[i].parts;
		bool root = entry->path_length <= 1;
		if (entry->scheme == url->scheme && entry->port == url->port && host_fits(entry, url) &&
			(root || path_fits(entry, url)))
			return &list->entries[i];
	}
	return NULL;
}

int url_list_check(const struct url_list *list, const char *url, enum url_scheme *scheme, struct error *err)
{
	struct parts parts;
	if (!read_url(url, false, &parts))
		return error_set(err, ERROR_INVALID, "not an http, https, s3 or file URL in its plain form");
	if (!find(list, &parts))
		return error_set(err, ERROR_FORBIDDEN, "this URL is below none that may be read");
	*scheme = parts.scheme;
	return 0;
}

const struct address_policy *url_list_addresses(const struct url_list *list)
{
	return list->addresses;
}

/* --- parts */

static int digit(char hex)
{
	return isdigit((unsigned char)hex) ? hex - '0' : tolower((unsigned char)hex) - 'a' + 10;
}

static void append_decoded(struct buf *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		char byte = text[i];
		if (byte == '%') {
			byte = (char)(digit(text[i + 1]) * 16 + digit(text[i + 2]));
			i += 2;
		}
		buf_append(out, &byte, 1);
	}
}

/* A quoted path goes on as far as there is no query; a file's name and a key may have a '?' only quoted. */
void url_list_file(const struct url_list *list, const char *url, struct buf *root, struct buf *path)
{
	struct parts parts;
	const struct entry *entry = read_url(url, false, &parts) ? find(list, &parts) : NULL;
	if (!entry)
		return;
	size_t length = entry->parts.path_length, begin = length;
	while (begin < parts.path_length && parts.path[begin] == '/')
		begin++;
	append_decoded(root, entry->parts.path, length);
	append_decoded(path, parts.path + begin, parts.path_length - begin);
}

void url_s3_parts(const char *url, struct buf *bucket, struct buf *key)
{
	struct parts parts;
	if (!read_url(url, false, &parts))
		return;
	buf_append(bucket, parts.host, parts.host_length);
	if (parts.path_length)
		append_decoded(key, parts.path + 1, parts.path_length - 1);
}
