/* SPDX-License-Identifier: MIT */

/* What an S3 server answers: every element is visited, and its text lies within the answer. */

#include "common/buf.h"
#include "drivers/s3_listing.h"
#include "drivers/s3_xml.h"
#include "fuzz/fuzz.h"

static void insist_within(const char *bytes, size_t size, struct s3_xml part)
{
	INSIST(part.length == 0 || (part.at >= bytes && part.at + part.length <= bytes + size));
}

static void visit(const char *bytes, size_t size, struct s3_xml content, int depth)
{
	struct s3_xml_element element;
	struct buf text = {0};
	INSIST(depth <= S3_XML_MAX_DEPTH + 1);
	insist_within(bytes, size, content);
	if (s3_xml_text(content, &text) == 0)
		INSIST(!text.length || !memchr(text.data, 0, text.length));
	buf_clear(&text);
	(void)s3_listing_key(content, s3_listing_is_encoded(content), &text);
	buf_release(&text);
	while (s3_xml_next(&content, &element) == 1)
		visit(bytes, size, element.content, depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const ROOTS[] = {
		"ListBucketResult", "Error", "InitiateMultipartUploadResult", "a"};
	char *bytes = fuzz_copy(data, size);
	for (size_t i = 0; i < sizeof(ROOTS) / sizeof(ROOTS[0]); i++) {
		struct s3_xml root;
		if (s3_xml_root(bytes, size, ROOTS[i], &root) == 1)
			visit(bytes, size, root, 1);
	}
	free(bytes);
	return 0;
}
