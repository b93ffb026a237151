/* SPDX-License-Identifier: MIT */
#include "common/http_date.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* strftime() and strptime() would ask the locale for these. */
static const char DAYS[] = "SunMonTueWedThuFriSat";
static const char *const LONG_DAYS[] = {
	"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
static const char MONTHS[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static const int64_t LAST = 253402300799; /* 9999-12-31T23:59:59 */

void http_date_format(int64_t unix_seconds, char out[HTTP_DATE_SIZE])
{
	time_t seconds = unix_seconds < 0 ? 0 : unix_seconds > LAST ? LAST : unix_seconds;
	struct tm parts;
	gmtime_r(&seconds, &parts);
	snprintf(out, HTTP_DATE_SIZE, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", DAYS + 3 * parts.tm_wday,
		parts.tm_mday % 100U, MONTHS + 3 * parts.tm_mon, (parts.tm_year + 1900) % 10000U,
		parts.tm_hour % 100U, parts.tm_min % 100U, parts.tm_sec % 100U);
}

/* The place of a name of three letters in a list of such; -1. */
static int place_of(const char *list, const char *name)
{
	for (int i = 0; list[3 * i]; i++)
		if (strncmp(list + 3 * i, name, 3) == 0)
			return i;
	return -1;
}

static bool is_day(const char *name)
{
	if (strlen(name) == 3)
		return place_of(DAYS, name) >= 0;
	for (int i = 0; i < 7; i++)
		if (strcmp(LONG_DAYS[i], name) == 0)
			return true;
	return false;
}

struct date {
	char day[10], month[4];
	struct tm parts;
	int end; /* of what was read */
};

/* A year of two digits is the one of those that is at most 50 years ahead. */
static int whole_year(int year)
{
	time_t now = time(NULL);
	struct tm parts;
	gmtime_r(&now, &parts);
	int present = parts.tm_year + 1900, whole = present - present % 100 + year;
	return whole > present + 50 ? whole - 100 : whole;
}

static bool read_any(const char *text, struct date *date)
{
	struct tm *to = &date->parts;
	const size_t length = strlen(text);
	if (sscanf(text, "%9[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", date->day, &to->tm_mday,
		    date->month, &to->tm_year, &to->tm_hour, &to->tm_min, &to->tm_sec, &date->end) == 7 &&
		date->end && (size_t)date->end == length)
		return true;
	date->end = 0;
	if (sscanf(text, "%9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", date->day, &to->tm_mday,
		    date->month, &to->tm_year, &to->tm_hour, &to->tm_min, &to->tm_sec, &date->end) == 7 &&
		date->end && (size_t)date->end == length) {
		to->tm_year = whole_year(to->tm_year);
		return true;
	}
	date->end = 0;
	return sscanf(text, "%3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", date->day, date->month,
		       &to->tm_mday, &to->tm_hour, &to->tm_min, &to->tm_sec, &to->tm_year, &date->end) == 7 &&
	       (size_t)date->end == length;
}

static bool is_between(int value, int low, int high)
{
	return value >= low && value <= high;
}

int http_date_parse(const char *text, int64_t *unix_seconds)
{
	struct date date = {0};
	struct tm *parts = &date.parts;
	if (!text || !read_any(text, &date) || !is_day(date.day) || strlen(date.month) != 3)
		return -1;
	parts->tm_mon = place_of(MONTHS, date.month);
	if (parts->tm_mon < 0 || !is_between(parts->tm_mday, 1, 31) || !is_between(parts->tm_hour, 0, 23) ||
		!is_between(parts->tm_min, 0, 59) || !is_between(parts->tm_sec, 0, 60) ||
		!is_between(parts->tm_year, 1, 9999))
		return -1;
	parts->tm_year -= 1900;
	*unix_seconds = timegm(parts);
	return 0;
}
