/* SPDX-License-Identifier: MIT */
#include "store/registry.h"

static const struct store_driver *const DRIVERS[] = {
	&bucket_driver,
	&filesystem_driver,
	&hashdir_driver,
	&ram_driver,
	&sqlite_driver,
	&zip_driver,
};

int registry_open(const struct store_environment *environment, const struct store_descriptor *descriptor,
	struct store **out, struct error *err)
{
	for (size_t i = 0; i < sizeof(DRIVERS) / sizeof(DRIVERS[0]); i++)
		if (DRIVERS[i]->type == descriptor->type)
			return DRIVERS[i]->open(environment, descriptor, out, err);
	return error_set(err, ERROR_UNSUPPORTED, "this worker has no driver for stores of type %s",
		store_type_name(descriptor->type));
}

void registry_close(struct store *store)
{
	if (store)
		store->driver->close(store);
}
