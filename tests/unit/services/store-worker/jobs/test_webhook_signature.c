/* SPDX-License-Identifier: MIT */
#include "support/cmocka.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "jobs/webhook_signature.h"

#include <string.h>

static void a_message_is_signed_as_the_specification_has_it(void **state)
{
	(void)state;
	static const char BODY[] = "{\"test\": 2432232314}";
	CLEANUP(buf_release) struct buf out = {0};
	struct error err;
	assert_int_equal(webhook_sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
				 "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, BODY, strlen(BODY), &out, &err),
		0);
	assert_string_equal(out.data, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void what_is_no_secret_signs_nothing(void **state)
{
	(void)state;
	static const char *const SECRETS[] = {"", "whsec_", "whsec_?", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
		"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8G"};
	CLEANUP(buf_release) struct buf out = {0};
	struct error err;
	for (size_t i = 0; i < sizeof(SECRETS) / sizeof(*SECRETS); i++) {
		assert_int_equal(webhook_sign(SECRETS[i], "id", 1, "", 0, &out, &err), -1);
		assert_int_equal(err.code, ERROR_INVALID);
	}
	assert_int_equal(out.length, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_signed_as_the_specification_has_it),
		cmocka_unit_test(what_is_no_secret_signs_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
