/* SPDX-License-Identifier: MIT */
#include "drivers/s3_time.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

static int64_t parse(const char *text, const char *format, const char **rest)
{
	struct tm parts = {0};
	*rest = text ? strptime(text, format, &parts) : NULL;
	return *rest ? (int64_t)timegm(&parts) * 1000 : 0;
}

/* ".6" is 600 ms; digits beyond the third do not count. */
static int64_t fraction_ms(const char **rest)
{
	int64_t ms = 0;
	if (**rest != '.')
		return 0;
	(*rest)++;
	for (int weight = 100; **rest >= '0' && **rest <= '9'; (*rest)++, weight /= 10)
		ms += weight * (**rest - '0');
	return ms;
}

int64_t s3_time_from_iso(const char *text)
{
	const char *rest;
	int64_t ms = parse(text, "%Y-%m-%dT%H:%M:%S", &rest);
	if (!rest)
		return 0;
	ms += fraction_ms(&rest);
	return strcmp(rest, "Z") == 0 ? ms : 0;
}

int64_t s3_time_from_http(const char *text)
{
	const char *rest;
	int64_t ms = parse(text, "%a, %d %b %Y %H:%M:%S", &rest);
	return rest && strcmp(rest, " GMT") == 0 ? ms : 0;
}
