/* SPDX-License-Identifier: MIT */
#include "drivers/s3_xml.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/memory.h"

#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int text_of(const char *document, const char *root_name, const char *name, struct buf *out)
{
	struct s3_xml root;
	int found = s3_xml_root(document, strlen(document), root_name, &root);
	return found == 1 ? s3_xml_child_text(root, name, out) : found;
}

static void assert_text(const char *document, const char *expected)
{
	CLEANUP(buf_release) struct buf out = {0};
	if (text_of(document, "r", "t", &out) != 1)
		fail_msg("not read: %s", document);
	assert_string_equal(out.data, expected);
}

static void assert_malformed(const char *document)
{
	CLEANUP(buf_release) struct buf out = {0};
	if (text_of(document, "r", "t", &out) != -1)
		fail_msg("not refused: %s", document);
}

static void an_answer_of_a_server_is_read(void **state)
{
	(void)state;
	static const char ANSWER[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
				     "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n"
				     "<Name>b</Name><Contents><Key>one</Key><Size>1</Size></Contents>\n"
				     "<Contents><Key>two</Key><Owner><Key>not this</Key></Owner></Contents>"
				     "</ListBucketResult>\n";
	struct s3_xml root;
	struct s3_xml_element element;
	CLEANUP(buf_release) struct buf keys = {0};
	assert_int_equal(s3_xml_root(ANSWER, strlen(ANSWER), "ListBucketResult", &root), 1);
	while (s3_xml_next(&root, &element) == 1)
		if (s3_xml_is(&element, "Contents"))
			assert_int_equal(s3_xml_child_text(element.content, "Key", &keys), 1);
	assert_string_equal(keys.data, "onetwo");
}

static void text_is_decoded(void **state)
{
	(void)state;
	assert_text("<r><t>plain</t></r>", "plain");
	assert_text("<r><t></t></r>", "");
	assert_text("<r><t/></r>", "");
	assert_text("<r><t>&lt;&gt;&amp;&quot;&apos;</t></r>", "<>&\"'");
	assert_text("<r><t>&#65;&#x42;&#xe4;&#x20AC;&#x1F600;</t></r>", "ABä€😀");
	assert_text("<r><t>&amp;lt;</t></r>", "&lt;");
	assert_text("<r><t>a<![CDATA[<b>&amp;]]>c<!-- no --></t></r>", "a<b>&amp;c");
}

static void what_does_not_matter_is_passed_over(void **state)
{
	(void)state;
	assert_text("<r a='>' b=\"</r>\"><t c='x'>1</t></r>", "1");
	assert_text("<s3:r xmlns:s3='u'><s3:t>1</s3:t></s3:r>", "1");
	assert_text("<!-- <r> --><r><!-- <t>0</t> --><?x <t>0</t>?><t >1</t ></r >", "1");
	assert_text("<r><u><t>0</t></u><t>1</t><t>2</t></r>", "1");
}

static void what_is_not_well_formed_is_refused(void **state)
{
	(void)state;
	static const char *const DOCUMENTS[] = {"", "text", "<", "<r", "<r>", "<r><t>", "<r><t>1</t>",
		"<r><t>1</u></r>", "<r><t>1</r></t>", "</r>", "<r></r", "<></>", "<r><t>&nbsp;</t></r>",
		"<r><t>&amp</t></r>", "<r><t>&#0;</t></r>", "<r><t>&#xD800;</t></r>",
		"<r><t>&#x110000;</t></r>", "<r><t>&#;</t></r>", "<r><t>&#x;</t></r>",
		"<r><t>&#99999999999;</t></r>", "<r><t>&;</t></r>", "<r><t><b/></t></r>",
		"<r><t><![CDATA[x</t></r>", "<r><!-- <t>1</t></r>", "<r a='><t>1</t></r>",
		"<!DOCTYPE r [<!ENTITY e 'x'>]><r><t>&e;</t></r>"};
	for (size_t i = 0; i < sizeof(DOCUMENTS) / sizeof(*DOCUMENTS); i++)
		assert_malformed(DOCUMENTS[i]);
}

static void a_nul_in_a_text_is_refused(void **state)
{
	(void)state;
	static const char DOCUMENT[] = "<r><t>a\0b</t></r>";
	CLEANUP(buf_release) struct buf out = {0};
	struct s3_xml root;
	assert_int_equal(s3_xml_root(DOCUMENT, sizeof(DOCUMENT) - 1, "r", &root), 1);
	assert_int_equal(s3_xml_child_text(root, "t", &out), -1);
}

static void nesting_is_bounded(void **state)
{
	(void)state;
	CLEANUP(buf_release) struct buf deep = {0};
	struct s3_xml root;
	for (int i = 0; i < 100000; i++)
		buf_append_text(&deep, "<r>");
	for (int i = 0; i < 100000; i++)
		buf_append_text(&deep, "</r>");
	assert_int_equal(s3_xml_root(deep.data, deep.length, "r", &root), -1);
}

static void another_root_is_not_malformed(void **state)
{
	(void)state;
	struct s3_xml root;
	assert_int_equal(s3_xml_root("<Error><Code>x</Code></Error>", 29, "Result", &root), 0);
}

/* Every beginning of a document, and every document with one byte changed, in memory that ends where the
 * document ends. */
static void nothing_is_read_beyond_the_end(void **state)
{
	(void)state;
	static const char DOCUMENT[] = "<?xml v?><r a='b'><!-- c --><t>x&amp;&#x41;<![CDATA[y]]></t></r>";
	static const char CHANGES[] = "<>/&;![]-'\"?= \0a";
	for (size_t length = 0; length < sizeof(DOCUMENT); length++) {
		for (size_t i = 0; i <= length * sizeof(CHANGES); i++) {
			CLEANUP(cleanup_free) char *copy = memory_dup(DOCUMENT, length ? length : 1);
			CLEANUP(buf_release) struct buf out = {0};
			struct s3_xml root;
			if (i < length * sizeof(CHANGES))
				copy[i / sizeof(CHANGES)] = CHANGES[i % sizeof(CHANGES)];
			if (s3_xml_root(copy, length, "r", &root) == 1)
				(void)s3_xml_child_text(root, "t", &out);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_of_a_server_is_read),
		cmocka_unit_test(text_is_decoded),
		cmocka_unit_test(what_does_not_matter_is_passed_over),
		cmocka_unit_test(what_is_not_well_formed_is_refused),
		cmocka_unit_test(a_nul_in_a_text_is_refused),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(another_root_is_not_malformed),
		cmocka_unit_test(nothing_is_read_beyond_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
