/* SPDX-License-Identifier: MIT */
#include "drivers/s3_listing.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/hex.h"
#include "drivers/s3_request.h"
#include "drivers/s3_time.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A thousand keys of 1024 characters, each encoded with three, and what stands around them. */
enum { PAGE_BODY_MAX = 8 << 20, TOKEN_MAX = 8192 };

bool s3_listing_is_encoded(struct s3_xml root)
{
	CLEANUP(buf_release) struct buf text = {0};
	return s3_xml_child_text(root, "EncodingType", &text) == 1 && strcmp(text.data, "url") == 0;
}

/* In place. Servers of this encoding write a space as '+' or as %20, and a plus always as %2B. */
static int decode_url(struct buf *text, size_t start)
{
	char *to = text->data + start;
	for (const char *from = to; *from; from++) {
		if (*from != '%') {
			*to++ = *from == '+' ? ' ' : *from;
			continue;
		}
		char digits[3] = {from[1], from[1] ? from[2] : '\0', '\0'};
		unsigned char byte;
		if (hex_decode(digits, &byte, 1) == -1)
			return -1;
		if (byte == 0)
			return 0;
		*to++ = (char)byte;
		from += 2;
	}
	*to = '\0';
	text->length = (size_t)(to - text->data);
	return 1;
}

int s3_listing_key(struct s3_xml entry, bool encoded, struct buf *out)
{
	size_t start = out->length;
	int found = s3_xml_child_text(entry, "Key", out);
	return found == 1 && encoded ? decode_url(out, start) : found;
}

struct page {
	struct buf body;
	struct buf token;     /* of the next page */
	struct buf key, text; /* of the entry being looked at */
	bool more;
};

static void page_release(struct page *page)
{
	buf_release(&page->body);
	buf_release(&page->token);
	buf_release(&page->key);
	buf_release(&page->text);
}

static int malformed(struct error *err, const char *what)
{
	return error_set_cause(err, ERROR_UNAVAILABLE, "S3 ListObjectsV2: %s", what);
}

static int fetch_page(const struct s3_bucket *bucket, const char *prefix, const char *after,
	struct page *page, struct s3_xml *root, struct error *err)
{
	bool continued = page->token.length > 0;
	const struct sigv4_pair query[] = {{"list-type", "2"}, {"encoding-type", "url"}, {"prefix", prefix},
		{continued      ? "continuation-token"
			: after ? "start-after"
				: NULL,
			continued ? page->token.data : after},
		{NULL, NULL}};
	const struct s3_request request = {.method = "GET", .query = query};
	if (s3_request_collect(bucket, &request, PAGE_BODY_MAX, &page->body, NULL, err) == -1)
		return -1;
	if (s3_xml_root(page->body.data, page->body.length, "ListBucketResult", root) != 1)
		return malformed(err, "no ListBucketResult");
	return 0;
}

/* Where the next page begins. A server that sends us back to the same page would never end. */
static int read_continuation(struct s3_xml root, struct page *page, struct error *err)
{
	CLEANUP(buf_release) struct buf token = {0};
	buf_clear(&page->text);
	if (s3_xml_child_text(root, "IsTruncated", &page->text) == -1)
		return malformed(err, "unreadable IsTruncated");
	page->more = page->text.length && strcmp(page->text.data, "true") == 0;
	if (!page->more)
		return 0;
	if (s3_xml_child_text(root, "NextContinuationToken", &token) != 1 || token.length == 0 ||
		token.length > TOKEN_MAX)
		return malformed(err, "no usable continuation token");
	if (page->token.length && strcmp(token.data, page->token.data) == 0)
		return malformed(err, "the same continuation token again");
	buf_clear(&page->token);
	buf_append(&page->token, token.data, token.length);
	return 0;
}

static int read_info(struct s3_xml entry, struct buf *text, struct object_info *out)
{
	char *end;
	buf_clear(text);
	if (s3_xml_child_text(entry, "Size", text) != 1 || text->data[0] < '0' || text->data[0] > '9')
		return -1;
	errno = 0;
	out->size = strtoll(text->data, &end, 10);
	if (errno || *end)
		return -1;
	buf_clear(text);
	out->modified_unix_ms =
		s3_xml_child_text(entry, "LastModified", text) == 1 ? s3_time_from_iso(text->data) : 0;
	return 0;
}

/* 0, or what visit returned, or -1. A key that no store key can be (it holds a NUL, or is too long) is
 * passed over. */
static int visit_entries(struct s3_xml root, struct page *page,
	int (*visit)(void *context, const char *key, const struct object_info *info), void *context,
	struct error *err)
{
	bool encoded = s3_listing_is_encoded(root);
	struct s3_xml_element element;
	int found;
	while ((found = s3_xml_next(&root, &element)) == 1) {
		struct object_info info;
		if (!s3_xml_is(&element, "Contents"))
			continue;
		buf_clear(&page->key);
		int key = s3_listing_key(element.content, encoded, &page->key);
		if (key == -1 || read_info(element.content, &page->text, &info) == -1)
			return malformed(err, "unreadable entry");
		if (key == 0 || page->key.length == 0 || page->key.length > STORE_KEY_MAX)
			continue;
		int verdict = visit(context, page->key.data, &info);
		if (verdict)
			return verdict;
	}
	return found == -1 ? malformed(err, "unreadable entries") : 0;
}

int s3_listing_run(const struct s3_bucket *bucket, const char *prefix, const char *after,
	int (*visit)(void *context, const char *key, const struct object_info *info), void *context,
	struct error *err)
{
	CLEANUP(page_release) struct page page = {0};
	do {
		struct s3_xml root;
		if (fetch_page(bucket, prefix, after, &page, &root, err) == -1 ||
			read_continuation(root, &page, err) == -1)
			return -1;
		int verdict = visit_entries(root, &page, visit, context, err);
		if (verdict)
			return verdict;
	} while (page.more);
	return 0;
}
