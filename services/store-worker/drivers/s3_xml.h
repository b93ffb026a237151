/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_S3_XML_H
#define DRIVERS_S3_XML_H

/*
 * Reads the XML that S3 servers answer with, in place and without building a tree: one looks at the
 * children of an element and at the text of those without children. Attributes, comments, processing
 * instructions and namespace prefixes are passed over; a document type declaration, unknown entities,
 * nesting beyond S3_XML_MAX_DEPTH and tags that do not fit are malformed. Nothing is allocated but the
 * decoded text, and nothing is read outside the given bytes.
 */

#include <stddef.h>

struct buf;

enum { S3_XML_MAX_DEPTH = 16 };

/* What stands between the tags of an element; lent by the bytes it was found in. */
struct s3_xml {
	const char *at;
	size_t length;
};

struct s3_xml_element {
	const char *name; /* without prefix; not terminated */
	size_t name_length;
	struct s3_xml content;
};

/* 1 and the content of the root element when it has this name, 0 when another, -1 malformed or none. */
int s3_xml_root(const char *bytes, size_t length, const char *name, struct s3_xml *out);
/* Takes the next child off `content`: 1, 0 when there is none, -1 malformed. */
int s3_xml_next(struct s3_xml *content, struct s3_xml_element *out);
int s3_xml_is(const struct s3_xml_element *element, const char *name);
/* The content of the first child of that name: 1, 0 when there is none, -1 malformed. */
int s3_xml_find(struct s3_xml content, const char *name, struct s3_xml *out);
/* Appends the decoded text of `content` to out: 0; -1 when it has children, is malformed or holds a NUL. */
int s3_xml_text(struct s3_xml content, struct buf *out);
/* Both of them: 1 and the text appended, 0 when there is no such child, -1 malformed. */
int s3_xml_child_text(struct s3_xml content, const char *name, struct buf *out);

#endif
