/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <assert.h>
#include <string.h>

#define ROW(env, kind, field, preset, help) SETTING(env, kind, struct config, field, preset, help)
#define ROW_BETWEEN(env, kind, field, preset, low, high, help)                                               \
	SETTING_BETWEEN(env, kind, struct config, field, preset, low, high, help)

enum { SECOND = 1000, DAY = 86400 * SECOND };

const struct setting CONFIG_TABLE[] = {
	SERVICE_SETTINGS(struct config),
	ROW("MEDIASTORE_SPOOL_DIR", PATH, spool_dir, SETTING_REQUIRED,
		"where uploads wait for a store; shared with workers on the same filesystem it saves a copy"),
	ROW("MEDIASTORE_STORES_DIR", PATH, stores_dir, NULL,
		"the workers' MEDIASTORE_STORE_ROOT, if this gateway may read that directory: saves copies "
		"of "
		"downloads"),
	ROW_BETWEEN("MEDIASTORE_INLINE_MAX", SIZE, inline_max, "256KiB", 0, 1 << 20,
		"objects up to this size ride inside messages"),

	ROW("DATABASE_URL", SECRET, database_url, SETTING_REQUIRED,
		"PostgreSQL: postgresql://user:password@host:port/database"),
	ROW("MEDIASTORE_LISTEN", ENDPOINT, listen, "127.0.0.1:8080", "address of the REST API"),
	ROW("MEDIASTORE_INTERNAL_LISTEN", ENDPOINT, internal_listen, "127.0.0.1:8081",
		"address at which workers fetch spooled uploads"),
	ROW("MEDIASTORE_INTERNAL_URL", TEXT, internal_url, NULL,
		"how workers reach that address; default: http:// and the address itself"),
	ROW_BETWEEN("MEDIASTORE_HTTP_THREADS", INTEGER, http_threads, "64", 2, 4096,
		"connections served at once"),
	ROW_BETWEEN("MEDIASTORE_IDLE_TIMEOUT", DURATION, idle_timeout_ms, "60s", 100, 3600 * SECOND,
		"how long an idle connection is kept"),
	ROW_BETWEEN("MEDIASTORE_DRAIN_TIMEOUT", DURATION, drain_timeout_ms, "30s", 0, 3600 * SECOND,
		"how long a stopping service waits for what it is doing"),
	ROW_BETWEEN("MEDIASTORE_DATABASE_POOL", INTEGER, database_pool, "8", 1, 1000,
		"database connections; as many again for lists that are being streamed"),
	ROW_BETWEEN("MEDIASTORE_DATABASE_TIMEOUT", DURATION, database_timeout_ms, "15s", 100, 3600 * SECOND,
		"deadline of a database statement, and of waiting for a connection"),
	ROW("MEDIASTORE_ADMIN_USERNAME", TEXT, admin_username, "admin",
		"name of the account that the first start makes"),
	ROW("MEDIASTORE_ADMIN_PASSWORD", SECRET, admin_password, NULL,
		"its password; needed at the first start only, later changes have no effect"),
	ROW("MEDIASTORE_SERVICE_USERNAME", TEXT, service_username, NULL,
		"name of an account for programs, made at first start"),
	ROW("MEDIASTORE_SERVICE_PASSWORD", SECRET, service_password, NULL, "its password"),
	ROW_BETWEEN(
		"MEDIASTORE_BODY_MAX", SIZE, body_max, "64MiB", 1024, INT64_C(4) << 30, "largest JSON body"),
	ROW_BETWEEN("MEDIASTORE_JSON_DEPTH", INTEGER, json_depth, "256", 16, 1000,
		"how deep a JSON body may be nested"),
	ROW_BETWEEN("MEDIASTORE_STRING_MAX", SIZE, string_max, "16MiB", 1024, INT64_C(4) << 30,
		"longest string in a JSON body, metadata included; what has fewer characters by its nature "
		"(pids, "
		"tags) is limited by its schema, the bytes of POST /upload by the body"),
	ROW_BETWEEN("MEDIASTORE_SMALL_BODY_MAX", SIZE, small_body_max, "64KiB", 1024, INT64_C(4) << 30,
		"largest JSON body where a few fields are expected"),
	ROW_BETWEEN("MEDIASTORE_BODIES_MAX", SIZE, bodies_max, "12MiB", 64 << 10, INT64_C(1) << 40,
		"memory of all JSON bodies at once; who does not fit in waits a little, then gets 429"),
	ROW_BETWEEN("MEDIASTORE_LIST_MAX", INTEGER, list_max, "100000", 1, 100000000,
		"elements of a list in a JSON body"),
	ROW_BETWEEN("MEDIASTORE_HEAD_MAX", SIZE, head_max, "16KiB", 1024, 1 << 20,
		"request line and headers of a request together"),
	ROW_BETWEEN("MEDIASTORE_HEADERS_MAX", INTEGER, headers_max, "64", 8, 64, "headers of a request"),
	ROW_BETWEEN("MEDIASTORE_TRANSFERS_MAX", INTEGER, transfers_max, "48", 1, 4096,
		"uploads and downloads at once; one more gets 429. Fewer than MEDIASTORE_HTTP_THREADS leaves "
		"some to "
		"other requests"),
	ROW_BETWEEN("MEDIASTORE_TRANSFER_RATE_MIN", SIZE, transfer_rate_min, "4KiB", 0, 1 << 30,
		"bytes per second that a client must send or take, on the average of "
		"MEDIASTORE_STALL_TIMEOUT; a transfer that is slower is given up"),
	ROW_BETWEEN("MEDIASTORE_REQUEST_DEADLINE", DURATION, request_deadline_ms, "5m", 100,
		24 * 3600 * SECOND, "how long a JSON body may take to arrive, and its answer to be taken"),
	ROW("MEDIASTORE_TRUSTED_PROXIES", TEXT, trusted_proxies, NULL,
		"IPv4 addresses or networks (10.0.0.0/8) of reverse proxies, with commas between, whose "
		"X-Forwarded-For is believed; "
		"default: none"),
	ROW("MEDIASTORE_CORS_ORIGINS", TEXT, cors_origins, NULL,
		"origins whose pages may use the API, with commas between: "
		"https://a.example,https://b.example:8443; or *; "
		"default: none"),
	ROW_BETWEEN("MEDIASTORE_OBJECT_MAX", SIZE, object_max, "5TiB", 1, INT64_C(1) << 50, "largest object"),
	ROW_BETWEEN("MEDIASTORE_QUICK_DEADLINE", DURATION, quick_deadline_ms, "30s", 100, 3600 * SECOND,
		"how long a client waits for a small transfer"),
	ROW_BETWEEN("MEDIASTORE_TRANSFER_DEADLINE", DURATION, transfer_deadline_ms, "30m", 1 * SECOND,
		INT64_C(7) * DAY, "how long a client waits for a large transfer"),
	ROW_BETWEEN("MEDIASTORE_TOKEN_LIFETIME", DURATION, token_lifetime_ms, "30d", 60 * SECOND,
		INT64_C(3650) * DAY, "how long a login's token is valid"),
	ROW_BETWEEN("MEDIASTORE_TOKEN_LIFETIME_MAX", DURATION, token_lifetime_max_ms, "3650d", 60 * SECOND,
		INT64_C(36500) * DAY, "how long a token that is made for a program may be valid"),
	ROW_BETWEEN("MEDIASTORE_PASSWORD_MIN", INTEGER, password_min, "8", 1, 256,
		"characters that a new password must have at least"),
	ROW_BETWEEN("MEDIASTORE_LOGIN_FAILURES", INTEGER, login_failures, "10", 1, 1000000,
		"failed logins of one name from one address within the window, after which it gets 429; five "
		"times as "
		"many of one name or of one address; each gateway counts for itself"),
	ROW_BETWEEN("MEDIASTORE_LOGIN_WINDOW", DURATION, login_window_ms, "5m", 1 * SECOND, INT64_C(7) * DAY,
		"the window of these failures"),
	ROW_BETWEEN("MEDIASTORE_PRESIGN_EXPIRY", DURATION, presign_expiry_ms, "1h", 1 * SECOND,
		INT64_C(7) * DAY, "how long a presigned URL is valid"),
	ROW_BETWEEN("MEDIASTORE_AUDIT_BYTES", SIZE, audit_bytes, "50MiB", 0, INT64_C(1) << 40,
		"how much an audit reads of its store in a second, unless it is told otherwise; 0: no limit"),
	ROW_BETWEEN("MEDIASTORE_AUDIT_OBJECTS", INTEGER, audit_objects, "500", 0, 1000000,
		"how many objects an audit reads in a second, unless it is told otherwise; 0: no limit"),
	ROW_BETWEEN("MEDIASTORE_IDEMPOTENCY_WAIT", DURATION, idempotency_wait_ms, "10s", 0, 3600 * SECOND,
		"how long a request waits for an earlier one with the same Idempotency-Key, before it gets "
		"409"),
	ROW_BETWEEN("MEDIASTORE_IDEMPOTENCY_RETENTION", DURATION, idempotency_retention_ms, "24h",
		60 * SECOND, INT64_C(365) * DAY,
		"how long answers to requests with an Idempotency-Key are kept"),
	ROW_BETWEEN("MEDIASTORE_IDEMPOTENCY_ANSWER_MAX", SIZE, idempotency_answer_max, "1MiB", 1024, 64 << 20,
		"largest of them that is kept; repeating a request whose answer was larger gets 409"),
	ROW_BETWEEN("MEDIASTORE_REQUEST_THREADS", INTEGER, request_threads, "4", 0, 256,
		"requests from the bus at once; 0: this gateway takes none"),
	ROW_BETWEEN("MEDIASTORE_REQUEST_MAX", SIZE, request_max, "16MiB", 1024, 60 << 20,
		"largest request from the bus, and the largest object that its answer carries"),
	ROW_BETWEEN("MEDIASTORE_REQUEST_PATIENCE", DURATION, request_patience_ms, "60s", 0, 3600 * SECOND,
		"how long a request from the bus is tried again while workers or stores are away"),
	ROW_BETWEEN("MEDIASTORE_RECONCILE_INTERVAL", DURATION, reconcile_interval_ms, "10s", 100,
		3600 * SECOND, "how often half-finished things are looked for"),
	ROW_BETWEEN("MEDIASTORE_SPOOL_GRACE", DURATION, spool_grace_ms, "1h", 1 * SECOND, INT64_C(30) * DAY,
		"spool files that nothing refers to are removed when this old"),
	ROW_BETWEEN("MEDIASTORE_SPOOL_MAX", SIZE, spool_max, "0", 0, INT64_MAX,
		"what waits in the spool directory together, of all gateways that share it; an upload beyond "
		"it gets 507. 0: as much as the file system holds"),
	ROW_BETWEEN("MEDIASTORE_UPLOAD_EXPIRY", DURATION, upload_expiry_ms, "24h", 1 * SECOND,
		INT64_C(365) * DAY, "resumable uploads that nobody goes on with are removed after that time"),
	ROW_BETWEEN("MEDIASTORE_EVENT_RETENTION", DURATION, event_retention_ms, "30d", 60 * SECOND,
		INT64_C(3650) * DAY, "how long published events can be read again"),
	ROW_BETWEEN("MEDIASTORE_EVENT_STREAMS_MAX", INTEGER, event_streams_max, "12", 1, 4096,
		"clients that follow GET /api/events at once, each of which keeps one of "
		"MEDIASTORE_HTTP_THREADS busy; one more gets 503"),
	ROW_BETWEEN("MEDIASTORE_EVENT_HEARTBEAT", DURATION, event_heartbeat_ms, "15s", 100, 3600 * SECOND,
		"how often such a client hears something when nothing happens"),
	ROW_BETWEEN("MEDIASTORE_REPLAY_MAX", INTEGER, replay_max, "1000000", 1, INT64_C(1) << 40,
		"events that one replay may publish again"),
	ROW_BETWEEN("MEDIASTORE_WEBHOOK_PENDING_MAX", INTEGER, webhook_pending_max, "1000", 1, 1000000,
		"deliveries of one webhook that wait; what is beyond waits as events, as long as those are "
		"kept"),
	ROW_BETWEEN("MEDIASTORE_WEBHOOK_PARALLEL", INTEGER, webhook_parallel, "4", 1, 256,
		"deliveries to one webhook at once; one while it fails"),
	ROW_BETWEEN("MEDIASTORE_WEBHOOK_DISABLE_AFTER", DURATION, webhook_disable_after_ms, "24h", 1 * SECOND,
		INT64_C(365) * DAY,
		"a webhook that has failed for so long, without one success, is disabled"),
	ROW_BETWEEN("MEDIASTORE_WEBHOOK_RETENTION", DURATION, webhook_retention_ms, "7d", 1 * SECOND,
		INT64_C(3650) * DAY, "how long deliveries that have ended are listed"),
	ROW_BETWEEN("MEDIASTORE_WEBHOOK_SECRET_OVERLAP", DURATION, webhook_secret_overlap_ms, "24h", 0,
		INT64_C(365) * DAY, "how long a webhook's old secret signs beside a new one"),
	ROW("MEDIASTORE_TEST_COVERAGE", PATH, test_coverage, NULL,
		"for tests only: each reply is checked by its schema and noted at the end of this file"),
	SETTING_END,
};

static const char *const DATABASE_SETTINGS[] = {"DATABASE_URL", "MEDIASTORE_DATABASE_TIMEOUT",
	"MEDIASTORE_PASSWORD_MIN", "MEDIASTORE_TOKEN_LIFETIME", "MEDIASTORE_TOKEN_LIFETIME_MAX",
	"MEDIASTORE_LOG_LEVEL", "MEDIASTORE_LOG_FORMAT"};
enum { DATABASE_SETTING_COUNT = sizeof(DATABASE_SETTINGS) / sizeof(DATABASE_SETTINGS[0]) };
_Static_assert((int)DATABASE_SETTING_COUNT < (int)CONFIG_DATABASE_ROWS, "room for the end");

static const struct setting *find_setting(const char *name)
{
	const struct setting *row = CONFIG_TABLE;
	while (row->name && strcmp(row->name, name) != 0)
		row++;
	assert(row->name);
	return row;
}

const struct setting *config_database_table(struct setting out[CONFIG_DATABASE_ROWS])
{
	for (int i = 0; i < DATABASE_SETTING_COUNT; i++)
		out[i] = *find_setting(DATABASE_SETTINGS[i]);
	out[DATABASE_SETTING_COUNT] = (struct setting)SETTING_END;
	return out;
}
