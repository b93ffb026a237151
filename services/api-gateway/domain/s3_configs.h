/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_S3_CONFIGS_H
#define DOMAIN_S3_CONFIGS_H

/*
 * S3 servers that bucket stores are on. What leaves this module is {pk, url}; the secret goes into the database sealed (seal.h, context
 * "s3_config:" + url) and is opened here only to see whether a repeated POST says the same.
 */

#include "common/seal.h"
#include "domain/scope.h"

#include <stdint.h>

struct s3_config_input {
	const char *url, *access_key, *secret_key;
	const char *region; /* NULL: us-east-1, or as it was */
};

struct s3_config_view {
	int64_t pk;
	const char *url;
};

/* The form under which a server is kept and looked up: without a slash at the end. INVALID unless it is http(s)://host[:port]. */
MUST_CHECK int s3_configs_url(struct arena *arena, const char *url, const char **out, struct error *err);

/* [{pk, url}], by pk. */
MUST_CHECK int s3_configs_list(const struct scope *scope, const char **json, struct error *err);
/* NOT_FOUND */
MUST_CHECK int s3_configs_read(
	const struct scope *scope, int64_t pk, struct s3_config_view *out, struct error *err);
/* Gets or creates. CONFLICT: the url is there with other keys. INVALID: no such url. */
MUST_CHECK int s3_configs_create(const struct scope *scope, const unsigned char secret_key[SEAL_KEY_SIZE],
	const struct s3_config_input *input, struct s3_config_view *out, struct error *err);
/* NOT_FOUND, CONFLICT (another has that url), INVALID. */
MUST_CHECK int s3_configs_update(const struct scope *scope, const unsigned char secret_key[SEAL_KEY_SIZE],
	int64_t pk, const struct s3_config_input *input, struct error *err);
/* NOT_FOUND; CONFLICT: stores use it. */
MUST_CHECK int s3_configs_delete(const struct scope *scope, int64_t pk, struct error *err);

#endif
