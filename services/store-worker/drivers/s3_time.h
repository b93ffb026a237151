/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_S3_TIME_H
#define DRIVERS_S3_TIME_H

/* The two ways in which S3 writes a time. */

#include <stdint.h>

/* "2026-01-02T03:04:05.678Z", as in listings: Unix milliseconds; 0 when NULL or malformed. */
int64_t s3_time_from_iso(const char *text);
/* "Fri, 02 Jan 2026 03:04:05 GMT", as in headers (RFC 9110): Unix milliseconds; 0 when NULL or malformed. */
int64_t s3_time_from_http(const char *text);

#endif
