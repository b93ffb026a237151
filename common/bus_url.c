/* SPDX-License-Identifier: MIT */
#include "common/bus_url.h"

#include "common/bus.h"
#include "common/memory.h"

#include <amqp.h>
#include <stdlib.h>
#include <string.h>

int bus_urls_check(const char *urls, struct error *err)
{
	struct bus_urls parsed;
	if (bus_urls_parse(urls, &parsed, err))
		return -1;
	bus_urls_release(&parsed);
	return 0;
}

/* Takes `memory` over in both cases. */
static int parse_one(char *memory, size_t size, struct bus_url *url)
{
	struct amqp_connection_info info;
	*url = (struct bus_url){.memory = memory, .size = size};
	/* the parser decodes in place and writes no more than it reads */
	if (amqp_parse_url(memory, &info) != AMQP_STATUS_OK || info.port == 0 || !*info.host)
		return -1;
	url->user = info.user;
	url->password = info.password;
	url->host = info.host;
	url->port = info.port;
	url->tls = info.ssl;
	url->vhost =
		*info.vhost ? info.vhost : "/"; /* a trailing slash is not meant as a vhost without a name */
	return 0;
}

int bus_urls_parse(const char *text, struct bus_urls *out, struct error *err)
{
	struct bus_urls urls = {0};
	for (const char *at = text; at;) {
		size_t length = strcspn(at, ",");
		while (length && (*at == ' ' || *at == '\t')) {
			at++;
			length--;
		}
		while (length && (at[length - 1] == ' ' || at[length - 1] == '\t'))
			length--;
		char *memory = memory_alloc(length + 1);
		memcpy(memory, at, length);
		urls.list = memory_resize(urls.list, (urls.count + 1) * sizeof(*urls.list));
		if (parse_one(memory, length, &urls.list[urls.count++])) {
			error_set(err, ERROR_INVALID,
				"broker address number %zu is not amqp(s)://user:password@host:port/vhost",
				urls.count);
			bus_urls_release(&urls);
			return -1;
		}
		at = strchr(at + length, ',');
		at = at ? at + 1 : NULL;
	}
	*out = urls;
	return 0;
}

void bus_urls_release(struct bus_urls *urls)
{
	for (size_t i = 0; i < urls->count; i++) {
		explicit_bzero(urls->list[i].memory, urls->list[i].size);
		free(urls->list[i].memory);
	}
	free(urls->list);
	*urls = (struct bus_urls){0};
}
