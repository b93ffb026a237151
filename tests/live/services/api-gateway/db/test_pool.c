/* SPDX-License-Identifier: MIT */
#include "live/services/api-gateway/db/fixture.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

static const struct db_statement ONE = {"t_one", "SELECT 1"};
static const struct db_statement PID = {"t_pid", "SELECT pg_backend_pid()"};

static int query_one(struct db_conn *conn)
{
	return db_execute(conn, &ONE, DB_NO_PARAMS, NULL, &fixture.err);
}

/* What a server restart looks like from here: a farewell (57P01), then the end of the stream. */
static void kill_all(void)
{
	fixture_ask(
		"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
		" WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename = current_user");
}

/* The same, and the servers are gone for sure. */
static void terminate_all(void)
{
	kill_all();
	static const char QUESTION[] =
		"SELECT count(*) FROM pg_stat_activity"
		" WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename = current_user";
	for (int64_t deadline = soon();
		strcmp(fixture_ask(QUESTION), "0") != 0 && clock_left_ms(deadline) > 0;)
		clock_sleep_ms(10);
}

/* While it lasts, the server refuses every connection to the test's database. */
static void outage(bool on)
{
	char sql[256];
	snprintf(sql, sizeof(sql), "ALTER DATABASE %s ALLOW_CONNECTIONS %s", fixture.database,
		on ? "false" : "true");
	fixture_admin(sql);
	snprintf(sql, sizeof(sql),
		"DO $$ BEGIN PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'; "
		"END $$",
		fixture.database);
	if (on)
		fixture_admin(sql);
	clock_sleep_ms(50);
}

static void connection_lost_while_idle_is_replaced_at_acquire(void **state)
{
	(void)state;
	assert_ok(query_one(fixture.conn));
	db_release(&fixture.conn);
	terminate_all();
	fixture.conn = fixture_acquire();
	assert_ok(query_one(fixture.conn));
}

static void connection_lost_in_use_is_replaced_before_the_next_statement(void **state)
{
	(void)state;
	assert_ok(query_one(fixture.conn));
	terminate_all();
	assert_ok(query_one(fixture.conn));
}

static void connection_lost_in_a_transaction_fails_the_transaction(void **state)
{
	(void)state;
	struct db_transaction tx = {0};
	assert_ok(db_begin(fixture.conn, &tx, &fixture.err));
	terminate_all();
	assert_fails(query_one(fixture.conn), ERROR_UNAVAILABLE);
	assert_fails(query_one(fixture.conn), ERROR_UNAVAILABLE);
	db_rollback(&tx);
	assert_ok(query_one(fixture.conn));
}

static void transaction_begins_anew_on_a_new_connection(void **state)
{
	(void)state;
	terminate_all();
	CLEANUP(db_rollback) struct db_transaction tx = {0};
	assert_ok(db_begin(fixture.conn, &tx, &fixture.err));
	assert_ok(query_one(fixture.conn));
	assert_ok(db_commit(&tx, &fixture.err));
}

static void dedicated_connection_is_never_replaced(void **state)
{
	(void)state;
	CLEANUP(db_release) struct db_conn *conn = db_open_dedicated(fixture.pool, soon(), &fixture.err);
	assert_non_null(conn);
	assert_ok(query_one(conn));
	terminate_all();
	assert_fails(query_one(conn), ERROR_UNAVAILABLE);
	assert_fails(query_one(conn), ERROR_UNAVAILABLE);
}

static void *end_outage_later(void *unused)
{
	clock_sleep_ms(700);
	outage(false);
	return unused;
}

static void short_outage_is_waited_out(void **state)
{
	(void)state;
	outage(true);
	pthread_t thread;
	pthread_create(&thread, NULL, end_outage_later, NULL);
	assert_ok(query_one(fixture.conn));
	pthread_join(thread, NULL);
}

static void outage_within_the_deadline_is_unavailable(void **state)
{
	(void)state;
	db_release(&fixture.conn);
	outage(true);
	int64_t start = clock_monotonic_ms();
	struct db_conn *conn = db_acquire(fixture.pool, start + 500, &fixture.err);
	outage(false);
	assert_null(conn);
	assert_int_equal(fixture.err.code, ERROR_UNAVAILABLE);
	assert_string_equal(fixture.err.message, "database unreachable");
	assert_in_range(clock_monotonic_ms() - start, 400, 2000);
}

static void long_outage_fails_at_once_and_recovers(void **state)
{
	(void)state;
	db_release(&fixture.conn);
	outage(true);
	assert_null(db_acquire(fixture.pool, clock_monotonic_ms() + DB_PATIENCE_MS + 3000, &fixture.err));
	int64_t start = clock_monotonic_ms();
	assert_null(db_acquire(fixture.pool, start + 20000, &fixture.err));
	assert_in_range(clock_monotonic_ms() - start, 0, 1000);
	outage(false);
	int64_t deadline = clock_monotonic_ms() + 10000;
	while (!fixture.conn && clock_left_ms(deadline) > 0) {
		fixture.conn = db_acquire(fixture.pool, deadline, &fixture.err);
		clock_sleep_ms(50);
	}
	assert_non_null(fixture.conn);
}

static void nobody_listening_is_unavailable_without_a_secret(void **state)
{
	(void)state;
	struct db_pool *pool = db_pool_create(&(struct db_pool_options){
		.url = "postgresql://u:hunter2@127.0.0.1:1/x", .application_name = "t"});
	assert_fails(db_pool_check(pool, clock_monotonic_ms() + 300, &fixture.err), ERROR_UNAVAILABLE);
	assert_null(strstr(fixture.err.cause, "hunter2"));
	db_pool_free(pool);
}

static void silent_server_is_unavailable_at_the_deadline(void **state)
{
	(void)state;
	/* a listening socket that never answers: its backlog takes the connection */
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, 8), 0);
	getsockname(listener, (struct sockaddr *)&address, &size);
	char url[64];
	snprintf(url, sizeof(url), "postgresql://u@127.0.0.1:%d/x", ntohs(address.sin_port));
	struct db_pool *pool = db_pool_create(&(struct db_pool_options){.url = url, .application_name = "t"});
	int64_t start = clock_monotonic_ms();
	assert_fails(db_pool_check(pool, start + 300, &fixture.err), ERROR_UNAVAILABLE);
	assert_in_range(clock_monotonic_ms() - start, 250, 1500);
	db_pool_free(pool);
	close(listener);
}

static void all_busy_until_the_deadline_is_deadline(void **state)
{
	(void)state;
	struct db_pool *pool = fixture_pool(1);
	struct db_conn *held = db_acquire(pool, soon(), &fixture.err);
	assert_non_null(held);
	assert_null(db_acquire(pool, clock_monotonic_ms() + 100, &fixture.err));
	assert_int_equal(fixture.err.code, ERROR_DEADLINE);
	db_release(&held);
	db_pool_free(pool);
}

static void released_connection_is_used_again(void **state)
{
	(void)state;
	struct db_pool *pool = fixture_pool(4);
	int64_t pids[2];
	for (int i = 0; i < 2; i++) {
		CLEANUP(db_release) struct db_conn *conn = db_acquire(pool, soon(), &fixture.err);
		CLEANUP(db_result_cleanup) struct db_result *row = NULL;
		assert_found(db_query_one(conn, &PID, DB_NO_PARAMS, &row, &fixture.err));
		pids[i] = db_int_at(row, 0, 0);
	}
	assert_true(pids[0] == pids[1]);
	assert_int_equal(db_pool_usage(pool).open, 1);
	db_pool_free(pool);
}

struct crowd {
	struct db_pool *pool;
	int failures;
};

static void *use_pool(void *context)
{
	struct crowd *crowd = context;
	struct error err;
	for (int i = 0; i < 100; i++) {
		CLEANUP(db_release) struct db_conn *conn = db_acquire(crowd->pool, soon(), &err);
		if (!conn || db_execute(conn, &ONE, DB_NO_PARAMS, NULL, &err))
			__atomic_add_fetch(&crowd->failures, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void many_threads_share_two_connections(void **state)
{
	(void)state;
	struct crowd crowd = {.pool = fixture_pool(2)};
	pthread_t threads[8];
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, use_pool, &crowd);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(crowd.failures, 0);
	assert_in_range(db_pool_usage(crowd.pool).open, 1, 2);
	assert_int_equal(db_pool_usage(crowd.pool).busy, 0);
	db_pool_free(crowd.pool);
}

struct turn {
	struct db_pool *pool;
	int *next, place;
};

static void *take_a_turn(void *context)
{
	struct turn *turn = context;
	struct error err;
	CLEANUP(db_release) struct db_conn *conn = db_acquire(turn->pool, soon(), &err);
	turn->place = conn ? (*turn->next)++ : -1;
	return NULL;
}

static void who_waits_longest_is_served_first(void **state)
{
	(void)state;
	struct db_pool *pool = fixture_pool(1);
	struct db_conn *held = db_acquire(pool, soon(), &fixture.err);
	struct turn turns[4];
	pthread_t threads[4];
	int next = 0;
	for (int i = 0; i < 4; i++) {
		turns[i] = (struct turn){pool, &next, 0};
		pthread_create(&threads[i], NULL, take_a_turn, &turns[i]);
		while (db_pool_usage(pool).waiting <= i)
			clock_sleep_ms(1);
	}
	db_release(&held);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(turns[i].place, i);
	}
	db_pool_free(pool);
}

static void many_threads_survive_lost_connections(void **state)
{
	(void)state;
	struct crowd crowd = {.pool = fixture_pool(4)};
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, use_pool, &crowd);
	for (int i = 0; i < 3; i++)
		kill_all();
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	/* what was under way when its connection died is not repeated: at most one per connection and kill */
	assert_in_range(crowd.failures, 0, 12);
	assert_ok(db_pool_check(crowd.pool, soon(), &fixture.err));
	db_pool_free(crowd.pool);
}

/* --- one transaction around everything */

static const struct db_statement ADD = {"t_enclosed_add", "INSERT INTO identifier_type (name) VALUES ($1)"};

static int add_type(struct db_pool *pool, const char *name)
{
	CLEANUP(db_release) struct db_conn *conn = db_acquire(pool, soon(), &fixture.err);
	return conn ? db_execute(conn, &ADD, DB_PARAMS(DB_TEXT(name)), NULL, &fixture.err) : -1;
}

static const char *types_like(const char *pattern)
{
	return fixture_ask(arena_printf(
		fixture.arena, "SELECT count(*) FROM identifier_type WHERE name LIKE '%s'", pattern));
}

static void enclosed_work_is_seen_when_it_is_committed(void **state)
{
	(void)state;
	struct db_pool *enclosed = db_enclose(fixture.conn, &fixture.err);
	assert_non_null(enclosed);
	assert_ok(add_type(enclosed, "enclosed-1"));
	assert_fails(add_type(enclosed, "DEFAULT"), ERROR_CONFLICT); /* and undoes itself alone */
	assert_ok(add_type(enclosed, "enclosed-2"));
	assert_string_equal(types_like("enclosed-%"), "0");
	assert_ok(db_enclosed_commit(&enclosed, &fixture.err));
	assert_string_equal(types_like("enclosed-%"), "2");
	assert_ok(add_type(fixture.pool, "enclosed-3"));
}

static void enclosed_work_is_taken_back_as_a_whole(void **state)
{
	(void)state;
	CLEANUP(db_enclosed_rollback) struct db_pool *enclosed = db_enclose(fixture.conn, &fixture.err);
	assert_ok(add_type(enclosed, "undone-1"));
	struct db_conn *conn = db_acquire(enclosed, soon(), &fixture.err);
	struct db_transaction tx = {0};
	assert_ok(db_begin(conn, &tx, &fixture.err));
	assert_ok(db_execute(conn, &ADD, DB_PARAMS(DB_TEXT("undone-2")), NULL, &fixture.err));
	assert_ok(db_commit(&tx, &fixture.err));
	db_release(&conn);
	db_enclosed_rollback(&enclosed);
	assert_string_equal(types_like("undone-%"), "0");
	assert_ok(db_execute(fixture.conn, &ADD, DB_PARAMS(DB_TEXT("free again")), NULL, &fixture.err));
}

static void enclosed_transaction_that_is_left_open_undoes_itself_alone(void **state)
{
	(void)state;
	struct db_pool *enclosed = db_enclose(fixture.conn, &fixture.err);
	struct db_conn *conn = db_acquire(enclosed, soon(), &fixture.err);
	struct db_transaction tx = {0};
	assert_ok(add_type(enclosed, "left-1"));
	assert_ok(db_begin(conn, &tx, &fixture.err));
	assert_ok(db_execute(conn, &ADD, DB_PARAMS(DB_TEXT("left-2")), NULL, &fixture.err));
	db_release(&conn);
	assert_ok(db_enclosed_commit(&enclosed, &fixture.err));
	assert_string_equal(types_like("left-%"), "1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(connection_lost_while_idle_is_replaced_at_acquire),
		fixture_test(connection_lost_in_use_is_replaced_before_the_next_statement),
		fixture_test(connection_lost_in_a_transaction_fails_the_transaction),
		fixture_test(transaction_begins_anew_on_a_new_connection),
		fixture_test(dedicated_connection_is_never_replaced),
		fixture_test(short_outage_is_waited_out),
		fixture_test(outage_within_the_deadline_is_unavailable),
		fixture_test(long_outage_fails_at_once_and_recovers),
		fixture_test(nobody_listening_is_unavailable_without_a_secret),
		fixture_test(silent_server_is_unavailable_at_the_deadline),
		fixture_test(all_busy_until_the_deadline_is_deadline),
		fixture_test(released_connection_is_used_again),
		fixture_test(who_waits_longest_is_served_first),
		fixture_test(many_threads_share_two_connections),
		fixture_test(many_threads_survive_lost_connections),
		fixture_test(enclosed_work_is_seen_when_it_is_committed),
		fixture_test(enclosed_work_is_taken_back_as_a_whole),
		fixture_test(enclosed_transaction_that_is_left_open_undoes_itself_alone),
	};
	return cmocka_run_group_tests_name("db/pool", tests, fixture_create, fixture_drop);
}
