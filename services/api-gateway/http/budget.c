/* SPDX-License-Identifier: MIT */
#include "http/budget.h"

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/memory.h"

#include <stdbool.h>
#include <stdlib.h>

struct budget {
	int64_t total;
	const char *what;
	pthread_mutex_t lock; /* guards left */
	pthread_cond_t more;
	int64_t left;
};

struct budget *budget_create(int64_t total, const char *what)
{
	struct budget *budget = memory_alloc(sizeof(*budget));
	*budget = (struct budget){.total = total, .what = what, .left = total};
	pthread_mutex_init(&budget->lock, NULL);
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&budget->more, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return budget;
}

void budget_free(struct budget *budget)
{
	if (!budget)
		return;
	pthread_cond_destroy(&budget->more);
	pthread_mutex_destroy(&budget->lock);
	free(budget);
}

int64_t budget_taken(struct budget *budget)
{
	LOCK_SCOPE(&budget->lock);
	return budget->total - budget->left;
}

int budget_share_set(struct budget_share *share, int64_t amount, int64_t deadline_ms, struct error *err)
{
	struct budget *budget = share->budget;
	if (!budget)
		return 0;
	int64_t wanted = amount < budget->total ? amount : budget->total;
	struct timespec until = clock_timespec(deadline_ms);
	LOCK_SCOPE(&budget->lock);
	while (wanted - share->taken > budget->left)
		if (pthread_cond_timedwait(&budget->more, &budget->lock, &until) != 0)
			return error_set(err, ERROR_TOO_MANY, "%s; try again", budget->what);
	bool gave = wanted < share->taken;
	budget->left -= wanted - share->taken;
	share->taken = wanted;
	if (gave)
		pthread_cond_broadcast(&budget->more);
	return 0;
}

void budget_share_release(struct budget_share *share)
{
	struct error impossible;
	if (share->taken)
		(void)!budget_share_set(share, 0, 0, &impossible);
}
