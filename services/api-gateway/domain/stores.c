/* SPDX-License-Identifier: MIT */
#include "domain/stores.h"

#include "common/arena.h"
#include "db/s3_config_repo.h"
#include "db/store_repo.h"
#include "domain/s3_configs.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

enum { BUCKET_MAX_LENGTH = 1024, S3_BUCKET_MAX_LENGTH = 255, SITE_MAX_LENGTH = 64 };

static const char NAME_CHARACTERS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

static int unknown(int64_t pk, struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, "no store has the pk %" PRId64, pk);
}

static const char *text_of(const struct cJSON *object, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

void stores_input_of_json(const struct cJSON *store_config, struct store_input *out)
{
	*out = (struct store_input){
		.type = text_of(store_config, "type"),
		.bucket = text_of(store_config, "bucket"),
		.s3_url = text_of(store_config, "s3_url"),
		.site = text_of(store_config, "site"),
	};
}

/* --- what may name a store */

static bool is_given(const char *text)
{
	return text && text[0] != '\0';
}

static bool is_name(const char *text, size_t max_length)
{
	size_t length = strlen(text);
	return length > 0 && length <= max_length && strspn(text, NAME_CHARACTERS) == length;
}

static bool has_parent_segment(const char *path)
{
	for (const char *at = path; *at; at += *at == '/') {
		size_t length = strcspn(at, "/");
		if (length == 2 && memcmp(at, "..", 2) == 0)
			return true;
		at += length;
	}
	return false;
}

static int check_bucket(enum store_type type, const char *bucket, struct error *err)
{
	if (type == STORE_BUCKET && (!is_name(bucket, S3_BUCKET_MAX_LENGTH) || strstr(bucket, "..")))
		return error_set(err, ERROR_INVALID,
			"bad bucket: an S3 bucket's name is of letters, digits, '.', '_' and '-'");
	if (bucket[0] == '\0' || strlen(bucket) > BUCKET_MAX_LENGTH)
		return error_set(err, ERROR_INVALID, "bad bucket: 1 to %d bytes", BUCKET_MAX_LENGTH);
	if (has_parent_segment(bucket))
		return error_set(err, ERROR_INVALID, "bad bucket: '..' leads out of the store root");
	return 0;
}

static int check_site(const char *site, struct error *err)
{
	if (!is_given(site) || is_name(site, SITE_MAX_LENGTH))
		return 0;
	return error_set(
		err, ERROR_INVALID, "bad site: 1 to %d letters, digits, '.', '_' and '-'", SITE_MAX_LENGTH);
}

static int find_s3_config(
	struct db_conn *conn, const char *s3_url, struct arena *arena, int64_t *pk, struct error *err)
{
	const char *url;
	if (s3_configs_url(s3_url, arena, &url, err))
		return error_prefix(err, "bad s3_url: ");
	struct s3_config_row row;
	int found = s3_config_find_by_url(conn, url, arena, &row, err);
	if (found == 0)
		return error_set(err, ERROR_INVALID, "bad s3_url: no S3 config has the url %.150s", url);
	if (found < 0)
		return -1;
	*pk = row.pk;
	return 0;
}

static int make_key(struct db_conn *conn, const struct store_input *input, struct arena *arena,
	struct store_key *out, struct error *err)
{
	int type = input->type ? store_type_from_name(input->type) : -1;
	if (type < 0)
		return error_set(
			err, ERROR_INVALID, "bad store type: %.100s", input->type ? input->type : "");
	*out = (struct store_key){.type = (enum store_type)type,
		.bucket = input->bucket ? input->bucket : "",
		.maker = input->maker};
	if (check_bucket(out->type, out->bucket, err) != 0 || check_site(input->site, err) != 0)
		return -1;
	if (out->type != STORE_BUCKET) {
		out->site = is_given(input->site) ? input->site : NULL;
		if (is_given(input->s3_url))
			return error_set(err, ERROR_INVALID, "bad s3_url: only a BucketStore has one");
		return 0;
	}
	if (!is_given(input->s3_url))
		return error_set(err, ERROR_INVALID, "bad s3_url: a BucketStore needs one");
	return find_s3_config(conn, input->s3_url, arena, &out->s3_config, err);
}

/* --- the rules */

int stores_ensure(struct db_conn *conn, const struct store_input *input, struct arena *arena, int64_t *pk,
	struct error *err)
{
	struct store_key key;
	if (make_key(conn, input, arena, &key, err))
		return -1;
	return store_find_or_create(conn, &key, pk, err) < 0 ? -1 : 0;
}

int stores_resolve(struct db_conn *conn, const struct store_input *input, struct arena *arena,
	struct store_descriptor *out, struct error *err)
{
	struct store_key key;
	int64_t pk;
	if (make_key(conn, input, arena, &key, err))
		return -1;
	int found = store_find_by_key(conn, &key, arena, out, err);
	if (found)
		return found < 0 ? -1 : 0;
	if (store_find_or_create(conn, &key, &pk, err) < 0)
		return -1;
	found = store_find(conn, pk, arena, out, err);
	if (found == 0)
		return error_set(err, ERROR_CONFLICT, "the store was deleted at the same moment");
	return found < 0 ? -1 : 0;
}

int stores_read(struct db_conn *conn, int64_t pk, struct arena *arena, const char **json, struct error *err)
{
	int found = store_read_json(conn, pk, arena, json, err);
	if (found == 0)
		return unknown(pk, err);
	return found < 0 ? -1 : 0;
}

int stores_delete(struct db_conn *conn, int64_t pk, struct error *err)
{
	int deleted = store_delete(conn, pk, err);
	if (deleted == 0)
		return unknown(pk, err);
	return deleted < 0 ? -1 : 0;
}
