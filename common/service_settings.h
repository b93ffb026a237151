/* SPDX-License-Identifier: MIT */
#ifndef COMMON_SERVICE_SETTINGS_H
#define COMMON_SERVICE_SETTINGS_H

/*
 * The settings that every service has, as rows for its table (common/settings.h) and as fields for its struct:
 *
 *	struct config {
 *		SERVICE_SETTINGS_FIELDS;
 *		...
 *	};
 *	const struct setting CONFIG_TABLE[] = {
 *		SERVICE_SETTINGS(struct config),
 *		...
 *
 * A row belongs here when it means the same to all of them, default and bounds included.
 */

#include "common/settings.h"

#define SERVICE_SETTINGS_FIELDS                                                                              \
	char *amqp_url;                                                                                      \
	char *service_key, *secret_key;       /* 64 hex digits each */                                       \
	char *test_messages;                  /* NULL: this is no test */                                    \
	char *amqp_ca, *amqp_cert, *amqp_key; /* files; NULL: none */                                        \
	char *sources;                        /* NULL: none */                                               \
	char *log_level, *log_format;                                                                        \
	int64_t amqp_heartbeat_ms, stall_timeout_ms

/* clang-format off */
#define SERVICE_SETTINGS(config)                                                                                       \
	SETTING("AMQP_URL", SECRET, config, amqp_url, SETTING_REQUIRED,                                                \
		"RabbitMQ: amqp://user:password@host:port/vhost (amqps: with TLS), several separated by commas: "      \
		"tried in turn"),                                                                                      \
	SETTING("MEDIASTORE_AMQP_CA", PATH, config, amqp_ca, NULL,                                                     \
		"file with the authorities whose certificates brokers may have; default: the system's"),               \
	SETTING("MEDIASTORE_AMQP_CERT", PATH, config, amqp_cert, NULL,                                                 \
		"file with the certificate to show to brokers that ask for one"),                                      \
	SETTING("MEDIASTORE_AMQP_KEY", PATH, config, amqp_key, NULL, "file with its key; default: the same file"),     \
	SETTING("MEDIASTORE_SOURCES", TEXT, config, sources, NULL,                                                     \
		"what uploads by URL may read, with commas between: https://data.example.org/pub/, s3://bucket/, "     \
		"file:///data/incoming and what is below them; and networks (10.0.0.0/8) whose private addresses "     \
		"listed hosts may have; default: nothing"),                                                            \
	SETTING("MEDIASTORE_SERVICE_KEY", KEY, config, service_key, SETTING_REQUIRED,                                  \
		"signs the tickets by which services fetch bytes from each other; the same for all"),                  \
	SETTING("MEDIASTORE_SECRET_KEY", KEY, config, secret_key, SETTING_REQUIRED,                                    \
		"seals the secrets of S3 servers and webhooks in the database and in messages; the same for all; "      \
		"losing it loses them"),                                                                               \
	SETTING_CHOICE("MEDIASTORE_LOG_LEVEL", config, log_level, "info", "debug|info|warn|error",                     \
		"what is logged"),                                                                                     \
	SETTING_CHOICE("MEDIASTORE_LOG_FORMAT", config, log_format, "text", "text|json",                               \
		"how it is logged"),                                                                                   \
	SETTING_BETWEEN("MEDIASTORE_AMQP_HEARTBEAT", DURATION, config, amqp_heartbeat_ms, "20s", 1000, 600000,         \
		"heartbeat of broker connections"),                                                                    \
	SETTING_BETWEEN("MEDIASTORE_STALL_TIMEOUT", DURATION, config, stall_timeout_ms, "30s", 100, 3600000,           \
		"a transfer in which no byte moves for this long is given up"),                                        \
	SETTING("MEDIASTORE_TEST_MESSAGES", PATH, config, test_messages, NULL,                                         \
		"for tests only: each message that is published is noted at the end of this file")
/* clang-format on */

#endif
