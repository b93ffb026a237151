/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_STORE_FAKE_HTTP_H
#define TESTS_SUPPORT_STORE_FAKE_HTTP_H

/*
 * An HTTP server that misbehaves as told: it takes requests one after the other, one per connection, and
 * answers each by the next step of a script. For faults that a real server does not have on demand;
 * everything else is tested against a real one.
 */

#include <stddef.h>
#include <stdint.h>

enum fake_fault {
	FAKE_NONE,
	FAKE_CUT,   /* after `fault_at` bytes of the body the connection is closed */
	FAKE_STALL, /* after `fault_at` bytes of the body nothing more comes, until the client goes */
	FAKE_MUTE,  /* not even a head is sent before the connection is closed */
};

struct fake_step {
	int status;
	/* "Name: value\r\n" lines; NULL: none. {mark} becomes the last seen S3 put mark */
	const char *headers;
	const char *body;  /* NULL: none. Its length is announced, whether all of it comes or not */
	size_t length;     /* of body; 0: strlen(body) */
	int64_t announced; /* Content-Length instead of that (HEAD); 0: as it is */
	enum fake_fault fault;
	size_t fault_at;
};

struct fake_http;

/* Starts on a port of its own at 127.0.0.1. The script is borrowed; when it is at its end, its last step
 * is repeated. */
struct fake_http *fake_http_start(const struct fake_step *steps, size_t count);
/* Waits for the thread. */
void fake_http_stop(struct fake_http *server);
const char *fake_http_url(const struct fake_http *server);
/* How many requests came so far. */
size_t fake_http_count(struct fake_http *server);
/* Head of the i-th request, from its request line on; "" when it did not come. */
const char *fake_http_request(struct fake_http *server, size_t i);

#endif
