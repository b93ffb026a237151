/* SPDX-License-Identifier: MIT */
#ifndef REQUESTS_SOURCE_H
#define REQUESTS_SOURCE_H

/* media.upload with a `source`: a worker fetches the bytes (domain/fetch.h), and whoever asked is told how
 * that goes (followup.h). */

#include "common/error.h"

#include <stdbool.h>

struct call;
struct gateway;

enum { SOURCE_BEGUN = 202 /* status of the kept answer {status, job} */ };

bool source_is_named(const struct call *call);
/* The response becomes SOURCE_BEGUN, or an error. */
void source_begin(struct call *call, struct gateway *gateway);
/* Somebody who asks again is told as well. `kept`: the kept answer. */
MUST_CHECK int source_join(struct call *call, struct gateway *gateway, const char *kept, struct error *err);

#endif
