/* SPDX-License-Identifier: MIT */
#include "common/json_number.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const int64_t EXACT_MAX = INT64_C(1) << 53;

int64_t json_whole(const cJSON *value, int64_t otherwise)
{
	if (!cJSON_IsNumber(value))
		return otherwise;
	double number = value->valuedouble;
	if (number > (double)EXACT_MAX)
		return EXACT_MAX;
	return number < (double)-EXACT_MAX ? -EXACT_MAX : (int64_t)number;
}

static int64_t digits(const char *text)
{
	if (!text || text[strspn(text, "0123456789")] != '\0')
		return 0;
	errno = 0;
	long long number = strtoll(text, NULL, 10);
	return errno == 0 ? number : 0;
}

int json_pk(const cJSON *value, int64_t *out)
{
	int64_t pk = cJSON_IsNumber(value) ? json_whole(value, 0) : digits(cJSON_GetStringValue(value));
	if (pk < 1 || (cJSON_IsNumber(value) && (double)pk != value->valuedouble))
		return -1;
	*out = pk;
	return 0;
}
