/* SPDX-License-Identifier: MIT */
#include "live/services/api-gateway/handlers/rest.h"

#include "domain/login_limit.h"

static void assert_code(const char *code)
{
	assert_string_equal(rest_text("code"), code);
}

/* One member of an object in the reply. */
static const cJSON *inner(const char *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(rest.reply, object), name);
}

static const char *log_in(const char *name, const char *password)
{
	rest.token = NULL;
	const char *body =
		arena_printf(fixture.arena, "{\"username\":\"%s\",\"password\":\"%s\"}", name, password);
	assert_status(200, "POST", "/api/login", body);
	return arena_strdup(fixture.arena, rest_text("token"));
}

static void new_user(const char *name, const char *role)
{
	rest.token = rest.admin;
	assert_status(200, "POST", "/api/users",
		arena_printf(fixture.arena, "{\"name\":\"%s\",\"password\":\"long enough\",\"role\":\"%s\"}",
			name, role));
}

static const char *new_token(const char *body)
{
	assert_status(200, "POST", "/api/tokens", body);
	return arena_strdup(fixture.arena, rest_text("token"));
}

/* --- oneself */

static void me_tells_who_one_is(void **state)
{
	(void)state;
	rest.token = rest.writer;
	assert_status(200, "GET", "/api/me", NULL);
	assert_string_equal(rest_text("name"), "writer");
	assert_string_equal(rest_text("role"), "writer");
	assert_true(cJSON_IsTrue(inner("user", "active")));
	assert_true(cJSON_IsTrue(inner("token", "login")));
	assert_null(strstr(rest.response.body.data, "$y$"));
}

static void new_password_ends_other_logins_but_no_programs_tokens(void **state)
{
	(void)state;
	new_user("mia", "writer");
	const char *here = log_in("mia", "long enough"), *elsewhere = log_in("mia", "long enough");
	rest.token = here;
	const char *program = new_token("{\"name\":\"robot\"}");
	assert_status(204, "PUT", "/api/me/password",
		"{\"current_password\":\"long enough\",\"new_password\":\"another one\"}");
	assert_status(200, "GET", "/api/me", NULL);
	rest.token = program;
	assert_status(200, "GET", "/api/me", NULL);
	clock_sleep_ms(AUTH_CACHE_MS + 20);
	rest.token = elsewhere;
	assert_status(401, "GET", "/api/me", NULL);
	log_in("mia", "another one");
}

static void password_is_only_changed_by_who_knows_it(void **state)
{
	(void)state;
	rest.token = rest.writer;
	assert_status(403, "PUT", "/api/me/password",
		"{\"current_password\":\"guess\",\"new_password\":\"another one\"}");
	assert_status(422, "PUT", "/api/me/password",
		"{\"current_password\":\"secret\",\"new_password\":\"short\"}");
	assert_string_equal(rest_detail(), "[{\"error\":\"a password must have at least 8 characters\"}]");
	log_in("writer", "secret");
}

/* --- users */

static void admin_makes_users(void **state)
{
	(void)state;
	new_user("nina/lab \u00e4", "reader");
	assert_string_equal(rest_text("role"), "reader");
	assert_null(strstr(rest.response.body.data, "password"));
	log_in("nina/lab \u00e4", "long enough");
	rest.token = rest.admin;
	assert_status(200, "GET", "/api/users/nina%2Flab%20%C3%A4", NULL);
	assert_status(
		409, "POST", "/api/users", "{\"name\":\"nina/lab \u00e4\",\"password\":\"long enough\"}");
	assert_status(404, "GET", "/api/users/nobody", NULL);
}

static void others_may_not_look_at_users(void **state)
{
	(void)state;
	rest.token = rest.writer;
	assert_status(403, "GET", "/api/users", NULL);
	assert_status(403, "POST", "/api/users", "{\"name\":\"x\",\"password\":\"long enough\"}");
	assert_status(403, "PATCH", "/api/users/writer", "{\"role\":\"admin\"}");
	assert_status(403, "DELETE", "/api/users/admin", NULL);
}

static void bad_users_are_refused(void **state)
{
	(void)state;
	assert_status(422, "POST", "/api/users", "{\"name\":\"\",\"password\":\"long enough\"}");
	assert_status(422, "POST", "/api/users", "{\"name\":\"x\",\"password\":\"short\"}");
	assert_status(
		422, "POST", "/api/users", "{\"name\":\"x\",\"password\":\"long enough\",\"role\":\"king\"}");
	assert_status(422, "POST", "/api/users", "{\"name\":\"x\\ny\",\"password\":\"long enough\"}");
}

static void new_role_is_in_force_within_a_second(void **state)
{
	(void)state;
	new_user("otto", "reader");
	const char *token = log_in("otto", "long enough");
	rest.token = token;
	assert_status(403, "POST", "/api/identifier", "{\"name\":\"by otto\"}");
	rest.token = rest.admin;
	assert_status(200, "PATCH", "/api/users/otto", "{\"role\":\"writer\"}");
	assert_string_equal(rest_text("role"), "writer");
	clock_sleep_ms(AUTH_CACHE_MS + 20);
	rest.token = token;
	assert_status(200, "POST", "/api/identifier", "{\"name\":\"by otto\"}");
}

static void disabled_user_is_out_until_enabled(void **state)
{
	(void)state;
	new_user("paul", "reader");
	const char *token = log_in("paul", "long enough");
	rest.token = rest.admin;
	assert_status(204, "DELETE", "/api/users/paul", NULL);
	assert_status(200, "GET", "/api/users/paul", NULL);
	assert_true(cJSON_IsFalse(cJSON_GetObjectItem(rest.reply, "active")));
	clock_sleep_ms(AUTH_CACHE_MS + 20);
	rest.token = token;
	assert_status(401, "GET", "/api/me", NULL);
	assert_status(401, "POST", "/api/login", "{\"username\":\"paul\",\"password\":\"long enough\"}");
	rest.token = rest.admin;
	assert_status(200, "PATCH", "/api/users/paul", "{\"active\":true}");
	log_in("paul", "long enough");
}

static void last_admin_stays(void **state)
{
	(void)state;
	assert_status(409, "DELETE", "/api/users/admin", NULL);
	assert_status(409, "PATCH", "/api/users/admin", "{\"role\":\"reader\"}");
	new_user("second", "admin");
	assert_status(200, "PATCH", "/api/users/second", "{\"role\":\"reader\"}");
}

/* --- tokens */

static void token_for_a_program_has_what_was_asked_for(void **state)
{
	(void)state;
	rest.token = rest.writer;
	const char *token =
		new_token("{\"name\":\"camera 7\",\"role\":\"reader\",\"lifetime_seconds\":3600}");
	assert_string_equal(rest_text("name"), "camera 7");
	assert_string_equal(rest_text("role"), "reader");
	rest.token = token;
	assert_status(200, "GET", "/api/me", NULL);
	assert_string_equal(rest_text("role"), "reader");
	assert_status(403, "POST", "/api/identifier", "{\"name\":\"x\"}");
}

static void token_is_shown_once(void **state)
{
	(void)state;
	rest.token = rest.writer;
	const char *token = new_token("{\"name\":\"seen once\"}");
	assert_status(200, "GET", "/api/tokens", NULL);
	assert_non_null(strstr(rest.response.body.data, "seen once"));
	assert_null(strstr(rest.response.body.data, token));
}

static void token_cannot_rise_above_itself(void **state)
{
	(void)state;
	rest.token = rest.writer;
	assert_status(403, "POST", "/api/tokens", "{\"role\":\"admin\"}");
	rest.token = new_token("{\"role\":\"reader\",\"lifetime_seconds\":60}");
	assert_status(403, "POST", "/api/tokens", "{\"role\":\"writer\"}");
	assert_status(422, "POST", "/api/tokens", "{\"lifetime_seconds\":3600}");
	new_token("{}");
	assert_string_equal(rest_text("role"), "reader");
}

static void role_above_the_users_is_refused(void **state)
{
	(void)state;
	new_user("quinn", "reader");
	assert_status(422, "POST", "/api/tokens", "{\"user\":\"quinn\",\"role\":\"writer\"}");
	assert_status(404, "POST", "/api/tokens", "{\"user\":\"nobody\"}");
	assert_status(422, "POST", "/api/tokens", "{\"lifetime_seconds\":0}");
}

static void admin_makes_and_sees_tokens_of_others(void **state)
{
	(void)state;
	new_user("rosa", "writer");
	const char *token = new_token("{\"user\":\"rosa\",\"name\":\"pipeline\"}");
	rest.token = token;
	assert_status(200, "GET", "/api/me", NULL);
	assert_string_equal(rest_text("name"), "rosa");
	assert_string_equal(rest_text("role"), "writer");
	rest.token = rest.writer;
	assert_status(403, "POST", "/api/tokens", "{\"user\":\"rosa\"}");
}

static void revoked_token_is_out_within_a_second(void **state)
{
	(void)state;
	rest.token = rest.writer;
	const char *token = new_token("{}");
	int64_t pk = rest_int("pk");
	rest.token = token;
	assert_status(200, "GET", "/api/me", NULL);
	rest.token = rest.writer;
	assert_status(204, "DELETE", arena_printf(fixture.arena, "/api/tokens/%lld", (long long)pk), NULL);
	assert_status(404, "DELETE", arena_printf(fixture.arena, "/api/tokens/%lld", (long long)pk), NULL);
	clock_sleep_ms(AUTH_CACHE_MS + 20);
	rest.token = token;
	assert_status(401, "GET", "/api/me", NULL);
}

static void others_tokens_are_out_of_reach_but_for_admins(void **state)
{
	(void)state;
	rest.token = rest.writer;
	new_token("{}");
	const char *path = arena_printf(fixture.arena, "/api/tokens/%lld", (long long)rest_int("pk"));
	rest.token = rest.reader;
	assert_status(404, "DELETE", path, NULL);
	rest.token = rest.admin;
	assert_status(204, "DELETE", path, NULL);
	assert_status(422, "DELETE", "/api/tokens/x", NULL);
}

/* --- logins */

static void old_systems_password_works_and_is_renewed(void **state)
{
	(void)state;
	int64_t pk;
	assert_ok(user_create(fixture.conn, "django",
		"pbkdf2_sha256$1000$NaClSalt$w6fjEpdFgTH2looEINE5y8oFnvAyvR0yKDVvkx7td7A=", "reader", &pk,
		&fixture.err));
	log_in("django", "secret");
	assert_string_equal(
		fixture_ask("SELECT left(password_hash, 3) FROM app_user WHERE name = 'django'"), "$y$");
	log_in("django", "secret");
}

static void too_many_failures_are_429_with_a_wait(void **state)
{
	(void)state;
	rest.gateway.login_limit = login_limit_create(3, 60000);
	rest.token = NULL;
	for (int i = 0; i < 3; i++)
		assert_status(401, "POST", "/api/login", "{\"username\":\"reader\",\"password\":\"guess\"}");
	assert_status(429, "POST", "/api/login", "{\"username\":\"reader\",\"password\":\"secret\"}");
	assert_code("too_many_requests");
	const char *wait = rest_header("Retry-After");
	assert_non_null(wait);
	assert_in_range(atoi(wait), 2, 20);
	log_in("writer", "secret");
	login_limit_free(rest.gateway.login_limit);
	rest.gateway.login_limit = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rest_test(me_tells_who_one_is),
		rest_test(new_password_ends_other_logins_but_no_programs_tokens),
		rest_test(password_is_only_changed_by_who_knows_it),
		rest_test(admin_makes_users),
		rest_test(others_may_not_look_at_users),
		rest_test(bad_users_are_refused),
		rest_test(new_role_is_in_force_within_a_second),
		rest_test(disabled_user_is_out_until_enabled),
		rest_test(last_admin_stays),
		rest_test(token_for_a_program_has_what_was_asked_for),
		rest_test(token_is_shown_once),
		rest_test(token_cannot_rise_above_itself),
		rest_test(role_above_the_users_is_refused),
		rest_test(admin_makes_and_sees_tokens_of_others),
		rest_test(revoked_token_is_out_within_a_second),
		rest_test(others_tokens_are_out_of_reach_but_for_admins),
		rest_test(old_systems_password_works_and_is_renewed),
		rest_test(too_many_failures_are_429_with_a_wait),
	};
	return cmocka_run_group_tests(tests, rest_create, rest_drop);
}
