/* SPDX-License-Identifier: MIT */
#include "http/cors.h"

#include "common/memory.h"
#include "gateway.h"
#include "http/request.h"
#include "http/response.h"
#include "http/router.h"

#include <stdlib.h>
#include <string.h>

enum { PREFLIGHT_AGE_S = 600 };

struct cors {
	bool any;
	char *text;     /* the setting, cut into the origins */
	char **origins; /* ends with NULL */
};

/* scheme://host[:port], as browsers write it: nothing behind. */
static bool is_origin(const char *text)
{
	const char *host = strstr(text, "://");
	bool known = strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
	if (!known || !host[3])
		return false;
	for (host += 3; *host; host++)
		if (*host <= ' ' || *host > '~' || strchr("/?#@\\*", *host))
			return false;
	return true;
}

static int split(struct cors *cors, struct error *err)
{
	size_t count = 0;
	cors->origins = memory_alloc((strlen(cors->text) + 2) * sizeof(*cors->origins));
	char *rest = cors->text;
	for (char *origin; (origin = strsep(&rest, ", "));) {
		if (!*origin)
			continue;
		if (!is_origin(origin))
			return error_set(err, ERROR_INVALID,
				"MEDIASTORE_CORS_ORIGINS: %s is no origin such as https://host:port", origin);
		cors->origins[count++] = origin;
	}
	return 0;
}

int cors_create(const char *setting, struct cors **out, struct error *err)
{
	*out = NULL;
	if (!setting)
		return 0;
	struct cors *cors = memory_alloc(sizeof(*cors));
	cors->any = strcmp(setting, "*") == 0;
	cors->text = memory_strdup(cors->any ? "" : setting);
	if (split(cors, err)) {
		cors_free(cors);
		return -1;
	}
	*out = cors;
	return 0;
}

void cors_free(struct cors *cors)
{
	if (!cors)
		return;
	free(cors->origins);
	free(cors->text);
	free(cors);
}

static bool allows(const struct cors *cors, const char *origin)
{
	if (cors->any)
		return true;
	for (char **known = cors->origins; *known; known++)
		if (strcmp(*known, origin) == 0)
			return true;
	return false;
}

void cors_apply(const struct cors *cors, struct request *request, struct response *response)
{
	if (!cors)
		return;
	const char *origin = request_header(request, "Origin");
	if (!cors->any) /* also without an Origin: a cache must not give that answer to a page */
		response_header(request, response, "Vary", "Origin");
	if (!origin || !allows(cors, origin))
		return;
	response_header(request, response, "Access-Control-Allow-Origin", cors->any ? "*" : origin);
	response_header(request, response, "Access-Control-Expose-Headers", "*");
}

bool cors_is_preflight(const struct cors *cors, const struct request *request)
{
	return cors && strcmp(request->method, "OPTIONS") == 0 && request_header(request, "Origin") &&
	       request_header(request, "Access-Control-Request-Method");
}

/* Names of headers with commas between, as the browser asks for them. */
static bool is_header_list(const char *text)
{
	static const char CHARACTERS[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~, ";
	return strlen(text) <= 1000 && strspn(text, CHARACTERS) == strlen(text);
}

int cors_preflight(const struct gateway *gateway, struct request *request, struct response *response,
	const char **allow, struct error *err)
{
	struct route_match match = {0};
	const char *method = request_header(request, "Access-Control-Request-Method");
	const char *headers = request_header(request, "Access-Control-Request-Headers");
	if (!allows(gateway->cors, request_header(request, "Origin")))
		return error_set(err, ERROR_FORBIDDEN, "pages of this origin may not use this API");
	int found = router_match(gateway->router, method, request->raw_path, request->arena, &match, err);
	*allow = match.allow;
	if (found != 0)
		return -1;
	response_header(request, response, "Vary",
		"Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
	response_header(request, response, "Access-Control-Allow-Methods", match.route->method);
	if (headers && is_header_list(headers))
		response_header(request, response, "Access-Control-Allow-Headers", headers);
	response_header_printf(request, response, "Access-Control-Max-Age", "%d", PREFLIGHT_AGE_S);
	response_no_content(response);
	return 0;
}
