/* SPDX-License-Identifier: MIT */
#ifndef REQUESTS_FOLLOWUP_H
#define REQUESTS_FOLLOWUP_H

/*
 * Tells those who have asked over the bus for what takes its time how their jobs go on (progress) and end
 * (final), whichever gateway took the request. What is to be told stands in the database until the broker
 * has it.
 */

struct followup;
struct gateway;

struct followup *followup_create(struct gateway *gateway); /* borrowed */
void followup_free(struct followup *followup);             /* NULL is accepted */

#endif
