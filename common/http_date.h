/* SPDX-License-Identifier: MIT */
#ifndef COMMON_HTTP_DATE_H
#define COMMON_HTTP_DATE_H

/* Dates in HTTP headers: RFC 9110 section 5.6.7. Independent of the locale. */

#include <stdint.h>

enum { HTTP_DATE_SIZE = 30 };

/* "Fri, 02 Jan 2026 03:04:05 GMT"; what is beyond the years 0 to 9999 is made the nearest that is not. */
void http_date_format(int64_t unix_seconds, char out[HTTP_DATE_SIZE]);
/* That form and the two obsolete ones ("Friday, 02-Jan-26 03:04:05 GMT", "Fri Jan  2 03:04:05 2026"). 0, or -1
 * when it is none of them, or NULL. */
int http_date_parse(const char *text, int64_t *unix_seconds);

#endif
