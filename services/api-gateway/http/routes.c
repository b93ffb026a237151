/* SPDX-License-Identifier: MIT */
#include "http/routes.h"

#include "handlers/identifiers.h"
#include "handlers/login.h"
#include "handlers/media.h"
#include "handlers/pages.h"
#include "handlers/s3_configs.h"
#include "handlers/stores.h"
#include "handlers/system.h"
#include "handlers/transfer.h"

#include <stddef.h>

/* A small JSON body, a JSON body up to the setting, a stream. */
#define SMALL(schema, argument)                                                                              \
	{                                                                                                    \
		"rest/" schema ".json", argument, 64 * 1024                                                  \
	}
#define JSON(schema, argument)                                                                               \
	{                                                                                                    \
		"rest/" schema ".json", argument, 0                                                          \
	}
#define STREAM                                                                                               \
	{                                                                                                    \
		ROUTE_RAW, NULL, 0                                                                           \
	}
#define NONE                                                                                                 \
	{                                                                                                    \
		NULL, NULL, 0                                                                                \
	}
#define REPLY(schema) "rest/" schema ".json"

/* clang-format off */
const struct route ROUTES[] = {
	/* method   pattern                          handler                   auth    body                              reply                     ok */
	{"GET",    "/livez",                        handle_live,              PUBLIC, NONE,                             REPLY("health"),          200},
	{"GET",    "/readyz",                       handle_ready,             PUBLIC, NONE,                             REPLY("health"),          200},
	{"GET",    "/",                             handle_home,              PUBLIC, STREAM,                           NULL,                     200},
	{"GET",    "/api/docs",                     handle_docs,              PUBLIC, STREAM,                           NULL,                     200},
	{"GET",    "/api/docs/{file}",              handle_docs_file,         PUBLIC, STREAM,                           NULL,                     200},
	{"GET",    "/api/openapi.json",             handle_openapi,           PUBLIC, STREAM,                           NULL,                     200},

	{"GET",    "/api/hello",                    handle_hello,             PUBLIC, NONE,                             REPLY("hello"),           200},
	{"POST",   "/api/login",                    handle_login,             PUBLIC, SMALL("login", "credentials"),    REPLY("token"),           200},

	{"GET",    "/api/identifier/list",          handle_identifier_list,   READER, NONE,                             REPLY("identifier_list"), 200},
	{"POST",   "/api/identifier",               handle_identifier_create, WRITER, SMALL("identifier_input", "identifier"), REPLY("identifier"), 200},
	{"PUT",    "/api/identifier",               handle_identifier_update, WRITER, SMALL("identifier_input", "identifier"), NULL,              204},
	{"GET",    "/api/identifier/{name...}",     handle_identifier_read,   READER, NONE,                             REPLY("identifier"),      200},
	{"DELETE", "/api/identifier/{name...}",     handle_identifier_delete, WRITER, NONE,                             NULL,                     204},

	{"GET",    "/api/s3cfgs",                   handle_s3_config_list,    READER, NONE,                             REPLY("s3config_list"),   200},
	{"POST",   "/api/s3cfg",                    handle_s3_config_create,  ADMIN,  SMALL("s3config_input", "s3cfg"), REPLY("s3config"),        200},
	{"GET",    "/api/s3cfg/{pk}",               handle_s3_config_read,    READER, NONE,                             REPLY("s3config"),        200},
	{"PUT",    "/api/s3cfg/{pk}",               handle_s3_config_update,  ADMIN,  SMALL("s3config_input", "s3cfg"), NULL,                     204},
	{"DELETE", "/api/s3cfg/{pk}",               handle_s3_config_delete,  ADMIN,  NONE,                             NULL,                     204},

	{"GET",    "/api/stores",                   handle_store_list,        READER, NONE,                             REPLY("store_list"),      200},
	{"POST",   "/api/store",                    handle_store_create,      WRITER, SMALL("store_input", "store"),    REPLY("store"),           200},
	{"GET",    "/api/store/{pk}",               handle_store_read,        READER, NONE,                             REPLY("store"),           200},
	{"DELETE", "/api/store/{pk}",               handle_store_delete,      WRITER, NONE,                             NULL,                     204},

	{"POST",   "/api/media",                    handle_media_create,      WRITER, JSON("media_input", "media"),     REPLY("media"),           200},
	{"GET",    "/api/media/{pid...}",           handle_media_read,        READER, NONE,                             REPLY("media"),           200},
	{"DELETE", "/api/media/{pid...}",           handle_media_delete,      WRITER, NONE,                             NULL,                     204},
	{"POST",   "/api/media/{pid...}/complete",  handle_media_complete,    WRITER, NONE,                             REPLY("media"),           200},
	{"PUT",    "/api/media/{pid...}/content",   handle_content_put,       WRITER, STREAM,                           REPLY("media"),           200},
	{"GET",    "/api/media/{pid...}/content",   handle_content_get,       READER, STREAM,                           NULL,                     200},
	{"HEAD",   "/api/media/{pid...}/content",   handle_content_get,       READER, STREAM,                           NULL,                     200},

	{"POST",   "/api/upload",                   handle_upload,            WRITER, JSON("upload_input", NULL),       REPLY("upload"),          200},
	{"GET",    "/api/download/url/{pid...}",    handle_download_url,      READER, NONE,                             REPLY("download"),        200},
	{"GET",    "/api/download/{pid...}",        handle_download,          READER, NONE,                             REPLY("download"),        200},
	{NULL,     NULL,                            NULL,                     PUBLIC, NONE,                             NULL,                     0},
};
/* clang-format on */
