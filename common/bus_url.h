/* SPDX-License-Identifier: MIT */
#ifndef COMMON_BUS_URL_H
#define COMMON_BUS_URL_H

/*
 * The broker addresses of one setting: "amqp://user:password@host:port/vhost", several separated by commas.
 * Parts are percent-decoded, so a comma inside a password is written %2C. Left out: user and password
 * guest, port 5672 (amqps, which is TLS: 5671), vhost "/".
 */

#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>

struct bus_url {
	char *memory; /* what the strings below point into; holds the password */
	size_t size;
	const char *user, *password, *host, *vhost;
	int port;
	bool tls;
};

struct bus_urls {
	struct bus_url *list;
	size_t count;
};

/* INVALID names the address by its position and never quotes it. Release `out` after success. */
MUST_CHECK int bus_urls_parse(const char *text, struct bus_urls *out, struct error *err);
void bus_urls_release(struct bus_urls *urls); /* wipes the passwords */

#endif
