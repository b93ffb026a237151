/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_RECORD_DELIVER_H
#define DOMAIN_RECORD_DELIVER_H

/* What became of an attempt to tell a webhook. Inside domain/record*.c. */

#include "domain/record_parts.h"

MUST_CHECK int record_deliver_done(struct record *record, struct error *err);
/* Finally. A target that is gone (410) is told nothing more. */
MUST_CHECK int record_deliver_failed(struct record *record, struct error *err);
/* It is tried again. Nothing for other kinds. */
MUST_CHECK int record_deliver_missed(struct record *record, struct error *err);

#endif
