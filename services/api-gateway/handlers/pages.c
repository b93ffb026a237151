/* SPDX-License-Identifier: MIT */
#include "handlers/pages.h"

#include "common/arena.h"
#include "common/digest.h"
#include "common/embedded.h"
#include "common/http_server.h"
#include "domain/entity_tag.h"
#include "gateway.h"
#include "http/request.h"
#include "http/response.h"

#include <stdbool.h>
#include <string.h>

extern const struct embedded_file page_files[];    /* services/api-gateway/pages */
extern const struct embedded_file swagger_files[]; /* of swagger-ui-dist; none when npm was out of reach */

/* Swagger UI sets style attributes and shows icons of its own as data: URLs. */
static const char POLICY[] = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
			     "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
			     "frame-ancestors 'none'";

static const char *content_type(const char *name)
{
	static const char *const TYPES[][2] = {
		{".html", "text/html; charset=utf-8"},
		{".css", "text/css; charset=utf-8"},
		{".js", "text/javascript; charset=utf-8"},
		{".svg", "image/svg+xml"},
		{".json", "application/json"},
	};
	const char *ending = strrchr(name, '.');
	for (size_t i = 0; ending && i < sizeof(TYPES) / sizeof(TYPES[0]); i++)
		if (strcmp(ending, TYPES[i][0]) == 0)
			return TYPES[i][1];
	return "application/octet-stream";
}

static const struct embedded_file *find(const struct embedded_file *files, const char *name)
{
	for (; files->name; files++)
		if (strcmp(files->name, name) == 0)
			return files;
	return NULL;
}

/* Browsers keep it and ask each time whether it is still the same: after an update it is not. */
static int send_file(struct request *request, struct response *response, const struct embedded_file *file)
{
	char hex[DIGEST_HEX_SIZE];
	digest_sha256_hex(file->data, file->size, hex);
	const char *etag = arena_printf(request->arena, "\"%.32s\"", hex);
	response_header(request, response, "ETag", etag);
	response_header(request, response, "Cache-Control", "no-cache");
	response_header(request, response, "Content-Security-Policy", POLICY);
	response_header(request, response, "Content-Type", content_type(file->name));
	bool same = entity_tag_in_list(request_header(request, "If-None-Match"), etag);
	http_exchange_reply(
		request->exchange, same ? 304 : 200, response->headers, file->data, same ? 0 : file->size);
	return 0;
}

int handle_home(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)gateway, (void)err;
	return send_file(request, response, find(page_files, "home.html"));
}

int handle_openapi(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)err;
	struct embedded_file document = {
		"openapi.json", (const unsigned char *)gateway->openapi, gateway->openapi_length};
	return send_file(request, response, &document);
}

int handle_docs(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)gateway, (void)err;
	bool here = find(swagger_files, "swagger-ui-bundle.js");
	return send_file(request, response, find(page_files, here ? "docs.html" : "missing.html"));
}

int handle_docs_file(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	(void)gateway;
	const char *name = request_param(request, "file");
	const struct embedded_file *file = find(page_files, name);
	if (!file)
		file = find(swagger_files, name);
	if (!file || strcmp(content_type(name), content_type(".html")) == 0)
		return error_set(err, ERROR_NOT_FOUND, "Not Found");
	return send_file(request, response, file);
}
