/* SPDX-License-Identifier: MIT */
#ifndef BACKGROUND_LEASES_H
#define BACKGROUND_LEASES_H

/* Renews the leases of requests with an Idempotency-Key that are at work (domain/once.h). */

struct leases;
struct once;

struct leases *leases_create(struct once *once);
void leases_free(struct leases *leases); /* NULL is accepted */

#endif
