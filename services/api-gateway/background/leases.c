/* SPDX-License-Identifier: MIT */
#include "background/leases.h"

#include "background/loop.h"
#include "common/log.h"
#include "common/memory.h"
#include "domain/once.h"

#include <stdlib.h>

struct leases {
	struct once *once;
	struct loop *loop;
};

static int64_t step(void *context)
{
	struct leases *leases = context;
	struct error err;
	if (once_renew(leases->once, &err))
		log_warn("leases could not be renewed", LOG_ERROR(&err));
	return ONCE_RENEW_MS;
}

struct leases *leases_create(struct once *once)
{
	struct leases *leases = memory_alloc(sizeof(*leases));
	leases->once = once;
	leases->loop = loop_start("leases", step, leases);
	return leases;
}

void leases_free(struct leases *leases)
{
	if (!leases)
		return;
	loop_stop(leases->loop);
	free(leases);
}
