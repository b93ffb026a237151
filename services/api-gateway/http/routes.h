/* SPDX-License-Identifier: MIT */
#ifndef HTTP_ROUTES_H
#define HTTP_ROUTES_H

#include "http/router.h"

/* THE route table: the REST surface on one screen. Ends with a row whose method is NULL. */
extern const struct route ROUTES[];

#endif
