/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_RECORD_COPY_H
#define DOMAIN_RECORD_COPY_H

/* What results of copies, moves and verifications mean; for record.c. */

#include "domain/record_parts.h"

/* A step that is not the last: the next one is queued. 1 / 0 it was the last one / -1 */
MUST_CHECK int record_copy_step(struct record *record, struct error *err);
/* A failed step: the next attempt begins at the beginning. */
MUST_CHECK int record_copy_restart(struct record *record, struct error *err);

MUST_CHECK int record_copy_done(struct record *record, struct error *err);
MUST_CHECK int record_copy_failed(struct record *record, struct error *err);
MUST_CHECK int record_move_done(struct record *record, struct error *err);
MUST_CHECK int record_move_failed(struct record *record, struct error *err);

/* A verification has come to an end, if that is what the result says: the media is READY, LOST or CORRUPT as it
 * was found, and the job has succeeded in finding it out. 1 / 0 no verification, or one that could not look / -1 */
MUST_CHECK int record_fixity(struct record *record, bool fits, struct error *err);

#endif
