/* SPDX-License-Identifier: MIT */
#ifndef GATEWAY_CONFIG_H
#define GATEWAY_CONFIG_H

/* The api-gateway's settings, as the table in config.c reads them from the environment. Read-only after
 * start. */

#include "common/service_settings.h"

struct config {
	SERVICE_SETTINGS_FIELDS;
	char *database_url;
	char *spool_dir;
	char *stores_dir;   /* NULL: not seen from here */
	int64_t inline_max; /* bytes that ride in a message */

	char *listen, *internal_listen,
		*internal_url; /* internal_url NULL: http:// + the internal listener's address */
	int64_t http_threads, idle_timeout_ms, drain_timeout_ms;
	int64_t database_pool, database_timeout_ms;
	char *admin_username, *admin_password;
	char *service_username, *service_password;
	int64_t body_max, small_body_max, bodies_max, json_depth, string_max, object_max;
	int64_t list_max, head_max, headers_max, transfers_max, request_deadline_ms;
	int64_t transfer_rate_min; /* bytes per second */
	char *cors_origins, *trusted_proxies;
	int64_t quick_deadline_ms, transfer_deadline_ms; /* how long a client waits for a job */
	int64_t token_lifetime_ms, token_lifetime_max_ms, password_min;
	int64_t login_failures, login_window_ms;
	int64_t presign_expiry_ms;
	int64_t audit_bytes, audit_objects; /* per second; 0: no limit */
	int64_t idempotency_wait_ms, idempotency_retention_ms, idempotency_answer_max;
	int64_t request_threads, request_max, request_patience_ms; /* over the bus */
	int64_t reconcile_interval_ms, spool_grace_ms, spool_max, upload_expiry_ms;
	int64_t webhook_pending_max, webhook_parallel, webhook_disable_after_ms, webhook_retention_ms,
		webhook_secret_overlap_ms;
	int64_t event_retention_ms, event_streams_max, event_heartbeat_ms, replay_max;
	char *test_coverage; /* NULL: this is no test */
};

extern const struct setting CONFIG_TABLE[];

enum { CONFIG_DATABASE_ROWS = 16 };
/* Those rows that commands need which only talk to the database; fills and returns `out`. */
const struct setting *config_database_table(struct setting out[CONFIG_DATABASE_ROWS]);

#endif
