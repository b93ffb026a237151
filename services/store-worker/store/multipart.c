/* SPDX-License-Identifier: MIT */
#include "store/multipart.h"

#include "store/key.h"
#include "store/store_driver.h"

bool store_takes_parts(const struct store *store)
{
	return store->driver->multipart != NULL;
}

static int check(const struct store *store, const char *key, struct error *err)
{
	if (!store_takes_parts(store))
		return error_set(err, ERROR_UNSUPPORTED, "%s does not support uploads in parts",
			store_type_name(store->driver->type));
	return key_check(key, err);
}

int store_multipart_begin(
	struct store *store, const char *key, const char *content_type, struct buf *id, struct error *err)
{
	return check(store, key, err) ? -1
				      : store->driver->multipart->begin(store, key, content_type, id, err);
}

int store_multipart_list(struct store *store, const char *key, const char *id, store_part_fn *visit,
	void *context, struct error *err)
{
	return check(store, key, err) ? -1
				      : store->driver->multipart->list(store, key, id, visit, context, err);
}

int store_multipart_complete(
	struct store *store, const char *key, const char *id, int64_t size, struct error *err)
{
	return check(store, key, err) ? -1 : store->driver->multipart->complete(store, key, id, size, err);
}

int store_multipart_abort(struct store *store, const char *key, const char *id, struct error *err)
{
	return check(store, key, err) ? -1 : store->driver->multipart->abort(store, key, id, err);
}
