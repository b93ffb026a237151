/* SPDX-License-Identifier: MIT */
#ifndef BACKGROUND_RECONCILER_H
#define BACKGROUND_RECONCILER_H

/*
 * Removes what nothing refers to any more: spool files of uploads that broke off, tokens that have
 * expired, jobs that were finished long ago. (What is half-finished has a job, and jobs are the
 * scheduler's.)
 */

#include <stdint.h>

struct config;
struct db_pool;
struct reconciler;
struct spool;
struct transfer;

/* All borrowed. */
struct reconciler *reconciler_create(
	const struct config *config, struct db_pool *pool, struct spool *spool, struct transfer *transfer);
void reconciler_free(struct reconciler *reconciler); /* NULL is accepted */

#endif
