/* SPDX-License-Identifier: MIT */
#ifndef STORE_REGISTRY_H
#define STORE_REGISTRY_H

/* The drivers there are. Adding a row to the table in registry.c is adding a store type. */

#include "store/store_driver.h"

/* Opens the store by the driver of its type. UNSUPPORTED: no such driver here. */
MUST_CHECK int registry_open(const struct store_environment *environment,
	const struct store_descriptor *descriptor, struct store **out, struct error *err);
void registry_close(struct store *store); /* NULL is accepted */

#endif
