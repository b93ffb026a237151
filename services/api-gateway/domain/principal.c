/* SPDX-License-Identifier: MIT */
#include "domain/principal.h"

#include <string.h>

static const char *const NAMES[ROLE_COUNT] = {"reader", "writer", "admin"};

const char *role_name(enum role role)
{
	return NAMES[role];
}

int role_from_name(const char *name)
{
	for (int role = 0; role < ROLE_COUNT; role++)
		if (strcmp(NAMES[role], name) == 0)
			return role;
	return -1;
}
