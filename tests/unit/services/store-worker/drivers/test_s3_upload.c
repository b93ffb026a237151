/* SPDX-License-Identifier: MIT */
#include "drivers/s3_upload.h"

#include "drivers/s3_multipart.h"

#include "support/cmocka.h"

static void parts_are_as_the_settings_say(void **state)
{
	(void)state;
	assert_int_equal(s3_upload_part_size(8 << 20, 100), 8 << 20);
	assert_int_equal(s3_upload_part_size(8 << 20, -1), 8 << 20);
	assert_int_equal(s3_upload_part_size(8 << 20, INT64_C(10000) * (8 << 20)), 8 << 20);
}

static void parts_grow_so_that_ten_thousand_are_enough(void **state)
{
	(void)state;
	static const int64_t SIZES[] = {
		INT64_C(10000) * (8 << 20) + 1, INT64_C(1) << 40, INT64_C(5) << 40, (INT64_C(5) << 40) - 1};
	for (size_t i = 0; i < sizeof(SIZES) / sizeof(*SIZES); i++) {
		int64_t part = s3_upload_part_size(8 << 20, SIZES[i]);
		assert_true(part * S3_PARTS_MAX >= SIZES[i]);
		assert_true((part - 1) * S3_PARTS_MAX < SIZES[i]);
	}
}

static void parts_are_never_smaller_than_the_server_takes(void **state)
{
	(void)state;
	assert_int_equal(s3_upload_part_size(1, -1), S3_PART_SIZE_MIN);
	assert_int_equal(s3_upload_part_size(INT64_MAX, -1), S3_PART_SIZE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_as_the_settings_say),
		cmocka_unit_test(parts_grow_so_that_ten_thousand_are_enough),
		cmocka_unit_test(parts_are_never_smaller_than_the_server_takes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
