/* SPDX-License-Identifier: MIT */
#include "http/content_disposition.h"

#include "support/arena_fixture.h"

#include <string.h>

static void expect(const char *header, const char *filename)
{
	const char *found = content_disposition_filename(header, arena);
	if (!filename)
		assert_null(found);
	else
		assert_non_null(found);
	if (filename)
		assert_string_equal(found, filename);
}

static void every_form_of_a_name_is_read(void **state)
{
	(void)state;
	expect("attachment; filename=plate.tif", "plate.tif");
	expect("Attachment ; FILENAME = \"a \\\"b\\\" c.txt\" ; size=3", "a \"b\" c.txt");
	expect("inline; filename*=UTF-8''%e2%82%ac%20rates.txt", "\xE2\x82\xAC rates.txt");
	expect("inline; filename*=iso-8859-1'en'%A3%20rates", "\xC2\xA3 rates");
	expect("attachment; filename=with space.txt; x=y", "with space.txt");
	expect("attachment; filename=\"na\xEFve\"", "na\xC3\xAFve");
	expect("attachment; filename=\"na\xC3\xAFve\"", "na\xC3\xAFve");
}

static void the_extended_form_counts_first_where_it_can_be_read(void **state)
{
	(void)state;
	expect("attachment; filename=\"EURO.txt\"; filename*=utf-8''%E2%82%AC.txt", "\xE2\x82\xAC.txt");
	expect("attachment; filename*=utf-8''%E2%82%AC.txt; filename=\"EURO.txt\"", "\xE2\x82\xAC.txt");
	expect("attachment; filename=\"plain\"; filename*=UTF-16''%00a", "plain");
	expect("attachment; filename=\"plain\"; filename*=UTF-8''%E2%82", "plain");
	expect("attachment; filename=\"plain\"; filename*=UTF-8''%zz", "plain");
	expect("attachment; filename=\"plain\"; filename*=UTF-8'x", "plain");
}

static void a_name_leads_nowhere(void **state)
{
	(void)state;
	expect("attachment; filename=\"../../etc/passwd\"", "passwd");
	expect("attachment; filename=\"C:\\\\temp\\\\x.txt\"", "x.txt");
	expect("attachment; filename=\"..\"", NULL);
	expect("attachment; filename=\"a/\"", NULL);
	expect("attachment; filename*=UTF-8''a%2Fb%00%0D%0Ac", "bc");
}

static void without_a_usable_name_there_is_none(void **state)
{
	(void)state;
	expect(NULL, NULL);
	expect("", NULL);
	expect("attachment", NULL);
	expect("attachment; filename=\"\"", NULL);
	expect("attachment; filename=\"open", NULL);
	expect("attachment; =x", NULL);
	expect("attachment filename=x", NULL);
}

static void long_names_are_cut_at_a_character(void **state)
{
	(void)state;
	char header[700] = "attachment; filename=\"";
	for (int i = 0; i < 200; i++)
		strcat(header, "\xE2\x82\xAC");
	header[sizeof(header) - 1] = '\0';
	strcat(header, "\"");
	assert_int_equal(strlen(content_disposition_filename(header, arena)), 255);
}

static void both_forms_are_written(void **state)
{
	(void)state;
	assert_string_equal(content_disposition_attachment("plate 7.tif", arena),
		"attachment; filename=\"plate 7.tif\"; filename*=UTF-8''plate%207.tif");
	assert_string_equal(content_disposition_attachment("\xE2\x82\xAC \"100%\".txt", arena),
		"attachment; filename=\"_ _100__.txt\"; filename*=UTF-8''%E2%82%AC%20%22100%25%22.txt");
}

static void what_is_written_is_read_again(void **state)
{
	(void)state;
	static const char *const NAMES[] = {
		"a", "\xE2\x82\xAC", "it's; \"quoted\", 100%=*", "x'y''z", " spaces "};
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
		expect(content_disposition_attachment(NAMES[i], arena), NAMES[i]);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, arena_begin, arena_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_form_of_a_name_is_read),
		TEST(the_extended_form_counts_first_where_it_can_be_read),
		TEST(a_name_leads_nowhere),
		TEST(without_a_usable_name_there_is_none),
		TEST(long_names_are_cut_at_a_character),
		TEST(both_forms_are_written),
		TEST(what_is_written_is_read_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
