/* SPDX-License-Identifier: MIT */
#include "domain/s3_configs.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/seal.h"
#include "db/s3_config_repo.h"
#include "domain/presign.h"

#include <ctype.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <string.h>

static int unknown(int64_t pk, struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, "no S3 config has the pk %" PRId64, pk);
}

/* --- the url */

/* Length of "host" or "[v6]" with an optional ":port" at `text`, or 0. A host may begin with "{bucket}.": sigv4.h. */
static size_t authority_length(const char *text)
{
	static const char BUCKET_PLACE[] = "{bucket}.";
	size_t host = 0;
	if (strncmp(text, BUCKET_PLACE, sizeof(BUCKET_PLACE) - 1) == 0) {
		size_t rest = authority_length(text + sizeof(BUCKET_PLACE) - 1);
		return rest && text[sizeof(BUCKET_PLACE) - 1] != '{' ? sizeof(BUCKET_PLACE) - 1 + rest : 0;
	}
	if (text[0] == '[') {
		host = strspn(text + 1, "0123456789abcdefABCDEF:.") + 1;
		if (text[host++] != ']')
			return 0;
	} else {
		while (isalnum((unsigned char)text[host]) || (text[host] && strchr("-._", text[host])))
			host++;
	}
	if (host == 0 || text[host] != ':')
		return host;
	size_t digits = strspn(text + host + 1, "0123456789");
	return digits >= 1 && digits <= 5 ? host + 1 + digits : 0;
}

int s3_configs_url(const char *url, struct arena *arena, const char **out, struct error *err)
{
	size_t scheme = strncmp(url, "http://", 7) == 0 ? 7 : strncmp(url, "https://", 8) == 0 ? 8 : 0;
	size_t length = scheme ? authority_length(url + scheme) : 0;
	const char *rest = url + scheme + length;
	if (length == 0 || rest[strspn(rest, "/")] != '\0')
		return error_set(
			err, ERROR_INVALID, "an S3 url is http(s)://[{bucket}.]host[:port], without a path");
	*out = arena_memdup(arena, url, scheme + length);
	return 0;
}

/* --- the secret */

static void release_secret(struct buf *secret)
{
	if (secret->data)
		OPENSSL_cleanse(secret->data, secret->capacity);
	buf_release(secret);
}

static int make_row(const struct s3_config_input *input, struct arena *arena, struct s3_config_row *out,
	struct error *err)
{
	const char *url;
	if (s3_configs_url(input->url, arena, &url, err))
		return -1;
	CLEANUP(buf_release) struct buf sealed = {0};
	seal_text(input->seal_key, presign_secret_context(arena, url), input->secret_key, &sealed);
	*out = (struct s3_config_row){
		.url = url,
		.access_key = input->access_key,
		.secret_sealed = arena_memdup(arena, sealed.data, sealed.length),
		.region = input->region,
	};
	return 0;
}

static bool same_text(const char *a, const char *b)
{
	size_t length = strlen(a);
	return length == strlen(b) && CRYPTO_memcmp(a, b, length) == 0;
}

/* A secret that cannot be opened (MEDIASTORE_SECRET_KEY was changed) is not the same. */
static bool same_credentials(
	struct arena *arena, const struct s3_config_row *row, const struct s3_config_input *input)
{
	CLEANUP(release_secret) struct buf secret = {0};
	struct error ignored;
	if (seal_open(input->seal_key, presign_secret_context(arena, row->url), row->secret_sealed, &secret,
		    &ignored) != 0)
		return false;
	if (input->region && strcmp(input->region, row->region) != 0)
		return false;
	return same_text(row->access_key, input->access_key) && same_text(secret.data, input->secret_key);
}

/* --- the rules */

int s3_configs_read(
	struct db_conn *conn, int64_t pk, struct arena *arena, struct s3_config_view *out, struct error *err)
{
	struct s3_config_row row;
	int found = s3_config_find(conn, pk, arena, &row, err);
	if (found == 0)
		return unknown(pk, err);
	if (found < 0)
		return -1;
	*out = (struct s3_config_view){row.pk, row.url};
	return 0;
}

/* The url is there: the same POST again, or another one. */
static int meet_existing(struct db_conn *conn, const struct s3_config_input *input, const char *url,
	struct arena *arena, struct s3_config_view *out, struct error *err)
{
	struct s3_config_row there;
	int found = s3_config_find_by_url(conn, url, arena, &there, err);
	if (found < 0)
		return -1;
	if (found == 0)
		return error_set(
			err, ERROR_CONFLICT, "the S3 config of %.150s was deleted at the same moment", url);
	if (!same_credentials(arena, &there, input))
		return error_set(err, ERROR_CONFLICT,
			"S3 config %" PRId64 " has the url %.150s with other credentials", there.pk, url);
	*out = (struct s3_config_view){there.pk, there.url};
	return 0;
}

int s3_configs_create(struct db_conn *conn, const struct s3_config_input *input, struct arena *arena,
	struct s3_config_view *out, struct error *err)
{
	struct s3_config_row row;
	if (make_row(input, arena, &row, err))
		return -1;
	int64_t pk;
	if (s3_config_create(conn, &row, &pk, err) == 0) {
		*out = (struct s3_config_view){pk, row.url};
		return 0;
	}
	if (err->code != ERROR_CONFLICT)
		return -1;
	return meet_existing(conn, input, row.url, arena, out, err);
}

int s3_configs_update(struct db_conn *conn, int64_t pk, const struct s3_config_input *input,
	struct arena *arena, struct error *err)
{
	struct s3_config_row row;
	if (make_row(input, arena, &row, err))
		return -1;
	row.pk = pk;
	int changed = s3_config_update(conn, &row, err);
	if (changed == 0)
		return unknown(pk, err);
	if (changed < 0 && err->code == ERROR_CONFLICT)
		return error_set(err, ERROR_CONFLICT, "another S3 config has the url %.150s", row.url);
	return changed < 0 ? -1 : 0;
}

int s3_configs_delete(struct db_conn *conn, int64_t pk, struct error *err)
{
	int deleted = s3_config_delete(conn, pk, err);
	if (deleted == 0)
		return unknown(pk, err);
	return deleted < 0 ? -1 : 0;
}
