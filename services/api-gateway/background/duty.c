/* SPDX-License-Identifier: MIT */
#include "background/duty.h"

#include "common/clock.h"
#include "common/log.h"
#include "db/pool.h"

void duty_leave(struct duty *duty)
{
	db_release(&duty->conn);
	duty->conn = NULL;
	if (duty->has)
		log_info("a duty is given up", LOG_STR("duty", duty->what));
	duty->has = false;
}

int duty_take(struct duty *duty, struct error *err)
{
	int64_t deadline = clock_monotonic_ms() + DUTY_STATEMENT_MS;
	if (!duty->conn)
		duty->conn = db_open_dedicated(duty->pool, deadline, err);
	if (!duty->conn)
		return -1;
	db_set_deadline(duty->conn, deadline);
	if (duty->has)
		return 1;
	int has = outbox_try_lead(duty->conn, duty->which, err);
	if (has == 1)
		log_info("a duty is taken", LOG_STR("duty", duty->what));
	duty->has = has == 1;
	return has;
}
