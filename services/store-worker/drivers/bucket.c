/* SPDX-License-Identifier: MIT */

/*
 * BucketStore: a bucket of an S3 server, addressed in the path or by its host (sigv4.h). The driver is thin: each verb is a module
 * of its own (s3_*). The server makes every put atomic, by replacing the object at the end of a PUT or at
 * the completion of a multipart upload, so nothing here needs to hide what is half done.
 */

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/memory.h"
#include "common/seal.h"
#include "drivers/s3_client_upload.h"
#include "drivers/s3_download.h"
#include "drivers/s3_listing.h"
#include "drivers/s3_object.h"
#include "drivers/s3_request.h"
#include "drivers/s3_upload.h"
#include "store/store_driver.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char DEFAULT_REGION[] = "us-east-1";

struct bucket_store {
	struct store store;
	struct s3_bucket bucket;
	struct s3_part_limits parts;
};

static const struct s3_bucket *bucket_of(const struct store *store)
{
	return &((const struct bucket_store *)store)->bucket;
}

/* Printable ASCII only: it goes into request and header lines. */
static bool is_plain(const char *text)
{
	if (!text || !*text)
		return false;
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

static bool is_url(const char *text)
{
	if (!is_plain(text) || strpbrk(text, "?#@"))
		return false;
	size_t scheme = strncasecmp(text, "http://", 7) == 0    ? 7
			: strncasecmp(text, "https://", 8) == 0 ? 8
								: 0;
	const char *path = strchr(text + scheme, '/');
	return scheme && text[scheme] && path != text + scheme && (!path || path[strspn(path, "/")] == '\0');
}

/* A host is made of it. */
static bool is_host_part(const char *bucket)
{
	return bucket[strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789.-")] == '\0';
}

static int check_descriptor(const struct store_descriptor *descriptor, struct error *err)
{
	if (!is_plain(descriptor->bucket) || strchr(descriptor->bucket, '/') ||
		strcmp(descriptor->bucket, ".") == 0 || strcmp(descriptor->bucket, "..") == 0)
		return error_set(err, ERROR_INVALID, "store has no usable bucket name");
	if (!is_url(descriptor->s3_url))
		return error_set(
			err, ERROR_INVALID, "store has no usable S3 URL (http or https, host and port)");
	if (strstr(descriptor->s3_url, "{bucket}") && !is_host_part(descriptor->bucket))
		return error_set(
			err, ERROR_INVALID, "bucket %s cannot be part of a host's name", descriptor->bucket);
	if (!is_plain(descriptor->s3_access_key))
		return error_set(err, ERROR_INVALID, "store has no usable S3 access key");
	if (descriptor->s3_region && *descriptor->s3_region && !is_plain(descriptor->s3_region))
		return error_set(err, ERROR_INVALID, "store has no usable S3 region");
	return 0;
}

static int open_secret(const struct store_environment *environment, const struct store_descriptor *descriptor,
	char **out, struct error *err)
{
	CLEANUP(cleanup_free) char *context = memory_printf("s3_config:%s", descriptor->s3_url);
	struct buf secret = {0};
	if (!descriptor->s3_secret_sealed)
		return error_set(err, ERROR_INVALID, "store has no S3 secret");
	if (seal_open(environment->secret_key, context, descriptor->s3_secret_sealed, &secret, err) == -1) {
		buf_release(&secret);
		return error_prefix(err, "S3 secret of bucket %s: ", descriptor->bucket);
	}
	*out = secret.data ? secret.data : memory_strdup("");
	return 0;
}

static int bucket_open(const struct store_environment *environment, const struct store_descriptor *descriptor,
	struct store **out, struct error *err)
{
	char *secret = NULL;
	if (check_descriptor(descriptor, err) == -1 ||
		open_secret(environment, descriptor, &secret, err) == -1)
		return -1;
	const char *region =
		descriptor->s3_region && *descriptor->s3_region ? descriptor->s3_region : DEFAULT_REGION;
	struct bucket_store *store = memory_alloc(sizeof(*store));
	*store = (struct bucket_store){
		.store = {&bucket_driver},
		.bucket = {.http = environment->http,
			.url = memory_strdup(descriptor->s3_url),
			.name = memory_strdup(descriptor->bucket),
			.region = memory_strdup(region),
			.access_key = memory_strdup(descriptor->s3_access_key),
			.secret_key = secret,
			.stall_timeout_ms = environment->stall_timeout_ms},
		.parts = {environment->s3_part_size,
			environment->s3_parallel_parts ? environment->s3_parallel_parts : 1},
	};
	*out = &store->store;
	return 0;
}

static void bucket_close(struct store *store)
{
	struct bucket_store *self = (struct bucket_store *)store;
	if (!self)
		return;
	explicit_bzero(self->bucket.secret_key, strlen(self->bucket.secret_key));
	free(self->bucket.secret_key);
	free(self->bucket.access_key);
	free(self->bucket.region);
	free(self->bucket.name);
	free(self->bucket.url);
	free(self);
}

/* What is signed must arrive unchanged, so it stays within what every header may hold. */
static bool is_header_value(const char *text)
{
	if (!*text || *text == ' ')
		return false;
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return text[-1] != ' ';
}

static int bucket_put(struct store *store, const char *key, struct source *source, const char *content_type,
	struct error *err)
{
	struct bucket_store *self = (struct bucket_store *)store;
	if (content_type && !is_header_value(content_type))
		return error_set(err, ERROR_INVALID, "content type is not printable ASCII");
	if (s3_upload_run(&self->bucket, key, source, content_type, self->parts, err) == -1)
		return -1;
	return 0;
}

static int bucket_get(struct store *store, const char *key, int64_t first, int64_t last, struct sink *sink,
	struct error *err)
{
	return s3_download_run(bucket_of(store), key, first, last, sink, err);
}

static int bucket_stat(struct store *store, const char *key, struct object_info *out, struct error *err)
{
	return s3_object_stat(bucket_of(store), key, out, NULL, err);
}

static int bucket_remove(struct store *store, const char *key, struct error *err)
{
	return s3_object_remove(bucket_of(store), key, err);
}

static int bucket_list(struct store *store, const char *prefix,
	int (*visit)(void *context, const char *key, const struct object_info *info), void *context,
	struct error *err)
{
	return s3_listing_run(bucket_of(store), prefix, NULL, visit, context, err);
}

static int bucket_list_from(struct store *store, const char *after,
	int (*visit)(void *context, const char *key, const struct object_info *info), void *context,
	struct error *err)
{
	return s3_listing_run(bucket_of(store), "", *after ? after : NULL, visit, context, err);
}

static int bucket_begin(
	struct store *store, const char *key, const char *content_type, struct buf *id, struct error *err)
{
	if (content_type && !is_header_value(content_type))
		return error_set(err, ERROR_INVALID, "content type is not printable ASCII");
	return s3_client_upload_begin(bucket_of(store), key, content_type, id, err);
}

static int bucket_list_parts(struct store *store, const char *key, const char *id, store_part_fn *visit,
	void *context, struct error *err)
{
	return s3_client_upload_list(bucket_of(store), key, id, visit, context, err);
}

static int bucket_complete(
	struct store *store, const char *key, const char *id, int64_t size, struct error *err)
{
	return s3_client_upload_complete(bucket_of(store), key, id, size, err);
}

static int bucket_abort(struct store *store, const char *key, const char *id, struct error *err)
{
	return s3_client_upload_abort(bucket_of(store), key, id, err);
}

static const struct store_multipart_driver MULTIPART = {
	bucket_begin, bucket_list_parts, bucket_complete, bucket_abort};

const struct store_driver bucket_driver = {
	.type = STORE_BUCKET,
	.capabilities = STORE_CAN_REPLACE | STORE_CAN_DELETE | STORE_CAN_RANGE | STORE_CAN_LIST |
			STORE_IS_DURABLE | STORE_IS_SHARED,
	.open = bucket_open,
	.close = bucket_close,
	.put = bucket_put,
	.get = bucket_get,
	.stat = bucket_stat,
	.remove = bucket_remove,
	.list = bucket_list,
	.list_from = bucket_list_from,
	.multipart = &MULTIPART,
};
