/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_S3_CONFIGS_H
#define DOMAIN_S3_CONFIGS_H

/*
 * S3 servers that bucket stores are on. What leaves this module is {pk, url}; the secret goes into the
 * database sealed (seal.h, context "s3_config:" + url) and is opened here only to see whether a repeated POST
 * says the same.
 */

#include "common/error.h"

#include <stdint.h>

struct arena;
struct db_conn;

struct s3_config_input {
	const char *url, *access_key, *secret_key;
	const char *region;            /* NULL: us-east-1, or as it was */
	const unsigned char *seal_key; /* SEAL_KEY_SIZE bytes: of the installation, for the secret */
};

struct s3_config_view {
	int64_t pk;
	const char *url;
};

/* The form under which a server is kept and looked up: without a slash at the end. INVALID unless it is
 * http(s)://host[:port], the host perhaps with "{bucket}." before it where buckets are addressed by host. */
MUST_CHECK int s3_configs_url(const char *url, struct arena *arena, const char **out, struct error *err);

/* NOT_FOUND */
MUST_CHECK int s3_configs_read(
	struct db_conn *conn, int64_t pk, struct arena *arena, struct s3_config_view *out, struct error *err);
/* Gets or creates (not in a transaction of the caller's). CONFLICT: the url is there with other keys.
 * INVALID: no such url. */
MUST_CHECK int s3_configs_create(struct db_conn *conn, const struct s3_config_input *input,
	struct arena *arena, struct s3_config_view *out, struct error *err);
/* NOT_FOUND, CONFLICT (another has that url), INVALID. */
MUST_CHECK int s3_configs_update(struct db_conn *conn, int64_t pk, const struct s3_config_input *input,
	struct arena *arena, struct error *err);
/* NOT_FOUND; CONFLICT: stores use it. */
MUST_CHECK int s3_configs_delete(struct db_conn *conn, int64_t pk, struct error *err);

#endif
