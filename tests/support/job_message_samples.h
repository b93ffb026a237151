/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_JOB_MESSAGE_SAMPLES_H
#define TESTS_SUPPORT_JOB_MESSAGE_SAMPLES_H

#include "schemas/job_message.h"

/* Every field set, to a value of its own. */
extern const struct job_message FULL_JOB;
extern const struct result_message FULL_RESULT;
/* No more than what is required. */
extern const struct job_message SMALL_JOB;

#endif
