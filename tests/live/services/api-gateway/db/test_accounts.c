/* SPDX-License-Identifier: MIT */
#include "live/services/api-gateway/db/fixture.h"

#include "db/token_repo.h"
#include "db/user_repo.h"

enum { HOUR_MS = 3600 * 1000 };

static int64_t make_user(const char *name, const char *role)
{
	int64_t pk = 0;
	assert_ok(user_create(fixture.conn, name, "hash", role, &pk, &fixture.err));
	return pk;
}

static int64_t make_token(const char *hash, int64_t user_pk, const char *role, int64_t lifetime_ms)
{
	int64_t pk = 0;
	struct token_new token = {
		.hash_hex = hash, .user_pk = user_pk, .role = role, .lifetime_ms = lifetime_ms};
	assert_ok(token_create(fixture.conn, &token, &pk, &fixture.err));
	return pk;
}

static int find_token(const char *hash, struct token_row *out)
{
	return token_find(fixture.conn, hash, fixture.arena, out, &fixture.err);
}

/* 64 hex digits that no other test uses. */
static const char *new_hash(void)
{
	return fixture_ask("SELECT encode(sha256(gen_random_uuid()::text::bytea), 'hex')");
}

static void user_name_is_unique(void **state)
{
	(void)state;
	int64_t pk;
	make_user("twin", "reader");
	assert_fails(user_create(fixture.conn, "twin", "hash", "reader", &pk, &fixture.err), ERROR_CONFLICT);
	assert_string_equal(fixture.err.message, "a user with this name exists already");
	assert_int_equal(user_ensure(fixture.conn, "twin", "hash", "reader", &fixture.err), 0);
}

static void unknown_role_is_invalid(void **state)
{
	(void)state;
	int64_t pk;
	assert_fails(user_create(fixture.conn, "odd", "hash", "king", &pk, &fixture.err), ERROR_INVALID);
}

static void token_carries_its_user(void **state)
{
	(void)state;
	const char *hash = new_hash();
	struct token_row row;
	make_token(hash, make_user("ann", "writer"), NULL, HOUR_MS);
	assert_found(find_token(hash, &row));
	assert_string_equal(row.user_name, "ann");
	assert_string_equal(row.role, "writer");
	assert_in_range(row.expires_unix_ms - clock_unix_ms(), HOUR_MS - 60000, HOUR_MS + 60000);
}

static void token_has_the_lower_of_two_roles(void **state)
{
	(void)state;
	struct token_row row;
	const char *weak = new_hash(), *strong = new_hash();
	make_token(weak, make_user("boss", "admin"), "reader", HOUR_MS);
	make_token(strong, make_user("guest", "reader"), "admin", HOUR_MS);
	assert_found(find_token(weak, &row));
	assert_string_equal(row.role, "reader");
	assert_found(find_token(strong, &row));
	assert_string_equal(row.role, "reader");
}

static void dead_tokens_are_not_found(void **state)
{
	(void)state;
	struct token_row row;
	const char *expired = new_hash(), *revoked = new_hash();
	int64_t user = make_user("carl", "reader");
	make_token(expired, user, NULL, -1000);
	int64_t pk = make_token(revoked, user, NULL, HOUR_MS);
	assert_found(token_revoke(fixture.conn, pk, user, &fixture.err));
	assert_int_equal(token_revoke(fixture.conn, pk, user, &fixture.err), 0);
	assert_int_equal(find_token(expired, &row), 0);
	assert_int_equal(find_token(revoked, &row), 0);
	assert_int_equal(find_token(new_hash(), &row), 0);
}

static void deactivating_a_user_ends_the_tokens(void **state)
{
	(void)state;
	struct token_row row;
	const char *hash = new_hash();
	make_token(hash, make_user("dora", "reader"), NULL, HOUR_MS);
	assert_found(user_set_active(fixture.conn, "dora", false, &fixture.err));
	assert_int_equal(find_token(hash, &row), 0);
	assert_found(user_set_active(fixture.conn, "dora", true, &fixture.err));
	assert_int_equal(find_token(hash, &row), 0);
}

static void nobody_revokes_anothers_token(void **state)
{
	(void)state;
	int64_t owner = make_user("eve", "reader"), other = make_user("fred", "reader");
	int64_t pk = make_token(new_hash(), owner, NULL, HOUR_MS);
	assert_int_equal(token_revoke(fixture.conn, pk, other, &fixture.err), 0);
	assert_found(token_revoke(fixture.conn, pk, 0, &fixture.err));
}

static void last_use_is_noted_once_a_minute(void **state)
{
	(void)state;
	struct token_row row;
	const char *hash = new_hash();
	int64_t pk = make_token(hash, make_user("gus", "reader"), NULL, HOUR_MS);
	const char *question = arena_printf(
		fixture.arena, "SELECT last_used::text || xmin FROM token WHERE pk = %d", (int)pk);
	assert_found(find_token(hash, &row));
	const char *first = fixture_ask(question);
	assert_non_null(first);
	assert_found(find_token(hash, &row));
	assert_string_equal(fixture_ask(question), first);
}

static void expired_tokens_are_deleted_a_day_later(void **state)
{
	(void)state;
	int64_t deleted = 0, user = make_user("hal", "reader");
	make_token(new_hash(), user, NULL, -25 * (int64_t)HOUR_MS);
	make_token(new_hash(), user, NULL, -1);
	assert_ok(token_delete_expired(fixture.conn, &deleted, &fixture.err));
	assert_int_equal(deleted, 1);
}

static void lists_hold_no_secrets(void **state)
{
	(void)state;
	const char *tokens;
	CLEANUP(buf_release) struct buf users = {0};
	const char *hash = new_hash();
	make_token(hash, make_user("ida", "reader"), NULL, HOUR_MS);
	assert_ok(user_list_json(fixture.conn, fixture_collect, &users, &fixture.err));
	struct token_page page = {.limit = 1000};
	assert_ok(token_list_json(fixture.conn, &page, fixture.arena, &tokens, &fixture.err));
	assert_non_null(strstr(users.data, "\"ida\""));
	assert_non_null(strstr(tokens, "\"ida\""));
	assert_null(strstr(users.data, "hash"));
	assert_null(strstr(tokens, hash));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(user_name_is_unique),
		fixture_test(unknown_role_is_invalid),
		fixture_test(token_carries_its_user),
		fixture_test(token_has_the_lower_of_two_roles),
		fixture_test(dead_tokens_are_not_found),
		fixture_test(deactivating_a_user_ends_the_tokens),
		fixture_test(nobody_revokes_anothers_token),
		fixture_test(last_use_is_noted_once_a_minute),
		fixture_test(expired_tokens_are_deleted_a_day_later),
		fixture_test(lists_hold_no_secrets),
	};
	return cmocka_run_group_tests_name("db/accounts", tests, fixture_create, fixture_drop);
}
