/* SPDX-License-Identifier: MIT */
#include "domain/scope.h"

struct db_conn *scope_acquire(const struct scope *scope, struct error *err)
{
	return db_acquire(scope->pool, scope->deadline_ms, err);
}
