/* SPDX-License-Identifier: MIT */
#ifndef REQUESTS_KINDS_H
#define REQUESTS_KINDS_H

/*
 * What can be asked for over the bus: THE table. A kind is a route of the REST API: its role, its schema,
 * its rules and its answers are that route's, because it is that route which is run.
 */

#include <stddef.h>

enum request_shape {  /* of the request's data */
	SHAPE_PID,    /* a text: the pid, which goes into the query */
	SHAPE_OBJECT, /* goes on as the body, as do lists */
	SHAPE_LIST,
	SHAPE_NONE, /* left out */
};

enum request_effect {
	EFFECT_NONE,    /* reads: repeated if the answer was not kept */
	EFFECT_WITHIN,  /* one transaction holds the effect and the kept answer */
	EFFECT_OUTSIDE, /* workers take part: made to be repeated */
};

enum request_run {
	RUN_ROUTE,
	RUN_UPLOAD, /* the route, or a job when the bytes are to be fetched */
	RUN_BYTES,  /* the route tells of the media, and its bytes are added */
};

struct request_kind {
	const char *name; /* NULL ends the table */
	enum request_shape shape;
	const char *method, *path;
	enum request_effect effect;
	enum request_run run;
};

extern const struct request_kind REQUEST_KINDS[];

/* The row for data of that shape; the first one of the name when none fits, whose route will say what is
 * wrong. NULL: no such kind. */
const struct request_kind *request_kind_find(const char *name, enum request_shape shape);

#endif
