/* SPDX-License-Identifier: MIT */
#include "http/routes.h"

#include "handlers/audits.h"
#include "handlers/copies.h"
#include "handlers/events.h"
#include "handlers/identifiers.h"
#include "handlers/jobs.h"
#include "handlers/login.h"
#include "handlers/media.h"
#include "handlers/multiparts.h"
#include "handlers/pages.h"
#include "handlers/people.h"
#include "handlers/s3_configs.h"
#include "handlers/stores.h"
#include "handlers/system.h"
#include "handlers/tokens.h"
#include "handlers/transfer.h"
#include "handlers/uploads.h"
#include "handlers/webhooks.h"

#include <stddef.h>

/* A small JSON body, a JSON body up to the setting, a stream, JSON with a stream in it, none; _ONCE: of what makes something,
 * Idempotency-Key counts. LIST: its elements fail alone. */
#define BODY(schema_, argument_, limit_, once_)                                                              \
	{                                                                                                    \
		.schema = (schema_), .argument = (argument_), .limit = (limit_), .once = (once_)             \
	}
#define SMALL(schema, argument)      BODY("rest/" schema ".json", argument, ROUTE_SMALL, ROUTE_MANY)
#define SMALL_ONCE(schema, argument) BODY("rest/" schema ".json", argument, ROUTE_SMALL, ROUTE_ONCE)
#define JSON(schema, argument)       BODY("rest/" schema ".json", argument, 0, ROUTE_MANY)
#define JSON_ONCE(schema, argument)  BODY("rest/" schema ".json", argument, 0, ROUTE_ONCE)
#define STREAM                       BODY(ROUTE_RAW, NULL, 0, ROUTE_MANY)
#define UPLOAD                                                                                               \
	{                                                                                                    \
		.schema = "rest/upload_input.json", .once = ROUTE_LONG_ONCE, .bytes = "base64"               \
	}
#define LIST(schema_, argument_)                                                                             \
	{                                                                                                    \
		.schema = "rest/" schema_ ".json", .argument = (argument_), .elements = ROUTE_ALONE          \
	}
#define LIST_ONCE(schema_, argument_)                                                                        \
	{                                                                                                    \
		.schema = "rest/" schema_ ".json", .argument = (argument_), .elements = ROUTE_IF_WISHED,     \
		.once = ROUTE_ONCE                                                                           \
	}
#define NONE          BODY(NULL, NULL, 0, ROUTE_MANY)
#define REPLY(schema) "rest/" schema ".json"

/* clang-format off */
const struct route ROUTES[] = {
	/* method   pattern                          handler                   auth    body                              reply                     ok */
	{"GET",    "/livez",                        handle_live,              PUBLIC, NONE,                             REPLY("health"),          200},
	{"GET",    "/readyz",                       handle_ready,             PUBLIC, NONE,                             REPLY("health"),          200},
	{"GET",    "/metrics",                      handle_metrics,           PUBLIC, NONE,                             NULL,                     200},
	{"GET",    "/",                             handle_home,              PUBLIC, NONE,                             NULL,                     200},
	{"GET",    "/api/docs",                     handle_docs,              PUBLIC, NONE,                             NULL,                     200},
	{"GET",    "/api/docs/{file}",              handle_docs_file,         PUBLIC, NONE,                             NULL,                     200},
	{"GET",    "/api/openapi.json",             handle_openapi,           PUBLIC, NONE,                             NULL,                     200},

	{"GET",    "/api/hello",                    handle_hello,             PUBLIC, NONE,                             REPLY("hello"),           200},
	{"POST",   "/api/login",                    handle_login,             PUBLIC, SMALL("login", "credentials"),    REPLY("token"),           200},

	{"GET",    "/api/me",                       handle_me_read,           READER, NONE,                             REPLY("me"),              200},
	{"PUT",    "/api/me/password",              handle_me_password,       READER, SMALL("me_password", "passwords"), NULL,                    204},
	{"GET",    "/api/users",                    handle_user_list,         ADMIN,  NONE,                             REPLY("user_list"),       200},
	{"POST",   "/api/users",                    handle_user_create,       ADMIN,  SMALL_ONCE("user_input", "user"), REPLY("user"),            200},
	{"GET",    "/api/users/{name...}",          handle_user_read,         ADMIN,  NONE,                             REPLY("user"),            200},
	{"PATCH",  "/api/users/{name...}",          handle_user_update,       ADMIN,  SMALL("user_change", "user"),     REPLY("user"),            200},
	{"DELETE", "/api/users/{name...}",          handle_user_delete,       ADMIN,  NONE,                             NULL,                     204},
	{"GET",    "/api/tokens",                   handle_token_list,        READER, NONE,                             REPLY("token_list"),      200},
	{"POST",   "/api/tokens",                   handle_token_create,      READER, SMALL_ONCE("token_input", "token"), REPLY("token_made"),      200},
	{"DELETE", "/api/tokens/{pk}",              handle_token_revoke,      READER, NONE,                             NULL,                     204},

	{"GET",    "/api/identifier/list",          handle_identifier_list,   READER, NONE,                             REPLY("identifier_list"), 200},
	{"POST",   "/api/identifier",               handle_identifier_create, WRITER, SMALL_ONCE("identifier_input", "identifier"), REPLY("identifier"), 200},
	{"PUT",    "/api/identifier",               handle_identifier_update, WRITER, SMALL("identifier_input", "identifier"), NULL,              204},
	{"GET",    "/api/identifier/{name...}",     handle_identifier_read,   READER, NONE,                             REPLY("identifier"),      200},
	{"DELETE", "/api/identifier/{name...}",     handle_identifier_delete, WRITER, NONE,                             NULL,                     204},

	{"GET",    "/api/s3cfgs",                   handle_s3_config_list,    READER, NONE,                             REPLY("s3config_list"),   200},
	{"POST",   "/api/s3cfg",                    handle_s3_config_create,  ADMIN,  SMALL_ONCE("s3config_input", "s3cfg"), REPLY("s3config"),        200},
	{"GET",    "/api/s3cfg/{pk}",               handle_s3_config_read,    READER, NONE,                             REPLY("s3config"),        200},
	{"PUT",    "/api/s3cfg/{pk}",               handle_s3_config_update,  ADMIN,  SMALL("s3config_input", "s3cfg"), NULL,                     204},
	{"DELETE", "/api/s3cfg/{pk}",               handle_s3_config_delete,  ADMIN,  NONE,                             NULL,                     204},

	{"GET",    "/api/stores",                   handle_store_list,        READER, NONE,                             REPLY("store_list"),      200},
	{"POST",   "/api/store",                    handle_store_create,      WRITER, SMALL_ONCE("store_input", "store"), REPLY("store"),           200},
	{"GET",    "/api/store/{pk}",               handle_store_read,        READER, NONE,                             REPLY("store"),           200},
	{"POST",   "/api/store/{pk}/audit",         handle_store_audit,       ADMIN,  SMALL_ONCE("store_audit", "audit"), REPLY("job"),           202},
	{"DELETE", "/api/store/{pk}",               handle_store_delete,      WRITER, NONE,                             NULL,                     204},

	{"POST",   "/api/media",                    handle_media_create,      WRITER, JSON_ONCE("media_input", "media"), REPLY("media"),           200},
	{"GET",    "/api/media",                    handle_media_read,        READER, NONE,                             REPLY("media"),           200}, /* ?pid= */
	{"PATCH",  "/api/media",                    handle_media_update,      WRITER, SMALL("media_update", "media"),   NULL,                     204},
	{"DELETE", "/api/media",                    handle_media_delete,      WRITER, NONE,                             NULL,                     204},
	{"GET",    "/api/media/{pid...}",           handle_media_read,        READER, NONE,                             REPLY("media"),           200},
	{"PATCH",  "/api/media/{pid...}",           handle_media_update,      WRITER, SMALL("media_update", "media"),   NULL,                     204},
	{"DELETE", "/api/media/{pid...}",           handle_media_delete,      WRITER, NONE,                             NULL,                     204},
	{"GET",    "/api/media/dump",               handle_media_dump,        READER, NONE,                             REPLY("media_list"),      200},
	{"POST",   "/api/media/create",             handle_media_create_many, WRITER, LIST_ONCE("media_input_list", "medias"), REPLY("media_create_result"), 200},
	{"POST",   "/api/media/read",               handle_media_read_many,   READER, JSON("pid_list", "pids"),         REPLY("media_list"),      200},
	{"POST",   "/api/media/delete",             handle_media_delete_many, WRITER, JSON("pid_list", "pids"),         REPLY("bulk"),            200},
	{"POST",   "/api/media/search",             handle_media_search,      READER, JSON("media_search_input", "search"), REPLY("media_list"),  200},
	{"PATCH",  "/api/media/update/tags",        handle_media_add_tags,    WRITER, LIST("tags_update", "updates"),   REPLY("bulk"),            200},
	{"PUT",    "/api/media/update/tags",        handle_media_set_tags,    WRITER, LIST("tags_update", "updates"),   REPLY("bulk"),            200},
	{"PUT",    "/api/media/update/storekeys",   handle_media_set_store_keys, WRITER, LIST("store_key_update", "updates"), REPLY("bulk"),      200},
	{"PUT",    "/api/media/update/identifiers", handle_media_set_identifiers, WRITER, LIST("identifiers_update", "updates"), REPLY("bulk"),   200},
	{"PUT",    "/api/media/update/metadata",    handle_media_set_metadata, WRITER, LIST("metadata_update", "updates"), REPLY("bulk"),          200},
	{"PATCH",  "/api/media/update/metadata",    handle_media_merge_metadata, WRITER, LIST("metadata_update", "updates"), REPLY("bulk"),       200},
	{"DELETE", "/api/media/update/metadata",    handle_media_remove_metadata, WRITER, LIST("metadata_removal", "updates"), REPLY("bulk"),     200},
	{"PATCH",  "/api/media/update",             handle_media_update_many, WRITER, JSON("media_updates", "updates"), REPLY("bulk"),            200},
	{"POST",   "/api/media/{pid...}/complete",  handle_media_complete,    WRITER, NONE,                             REPLY("media"),           200},
	{"POST",   "/api/media/{pid...}/multipart", handle_multipart_begin,   WRITER, SMALL_ONCE("multipart_input", "multipart"), REPLY("multipart"), 201},
	{"GET",    "/api/media/{pid...}/multipart", handle_multipart_read,    WRITER, NONE,                             REPLY("multipart"),       200},
	{"DELETE", "/api/media/{pid...}/multipart", handle_multipart_abort,   WRITER, NONE,                             NULL,                     204},
	{"POST",   "/api/media/{pid...}/multipart/urls", handle_multipart_urls, WRITER, SMALL("multipart_parts", "multipart"), REPLY("multipart_urls"), 200},
	{"POST",   "/api/media/{pid...}/multipart/complete", handle_multipart_complete, WRITER, NONE,                   REPLY("media"),           200},
	{"POST",   "/api/media/{pid...}/copy",      handle_media_copy,        WRITER, SMALL_ONCE("media_copy", "copy"), REPLY("job"),             202},
	{"POST",   "/api/media/{pid...}/move",      handle_media_move,        WRITER, SMALL_ONCE("media_move", "move"), REPLY("job"),             202},
	{"POST",   "/api/media/{pid...}/verify",    handle_media_verify,      WRITER, NONE,                             REPLY("job"),             202},
	{"PUT",    "/api/media/{pid...}/content",   handle_content_put,       WRITER, STREAM,                           REPLY("media"),           200},
	{"GET",    "/api/media/{pid...}/content",   handle_content_get,       READER, STREAM,                           NULL,                     200},
	{"HEAD",   "/api/media/{pid...}/content",   handle_content_get,       READER, STREAM,                           NULL,                     200},

	{"OPTIONS", "/api/uploads",                 handle_uploads_options,   PUBLIC, NONE,                             NULL,                     204},
	{"POST",   "/api/uploads",                  handle_uploads_create,    WRITER, STREAM,                           NULL,                     201},
	{"OPTIONS", "/api/uploads/{id}",            handle_uploads_options,   PUBLIC, NONE,                             NULL,                     204},
	{"HEAD",   "/api/uploads/{id}",             handle_uploads_read,      WRITER, NONE,                             NULL,                     200},
	{"PATCH",  "/api/uploads/{id}",             handle_uploads_append,    WRITER, STREAM,                           NULL,                     204},
	{"DELETE", "/api/uploads/{id}",             handle_uploads_delete,    WRITER, NONE,                             NULL,                     204},
	{"POST",   "/api/uploads/{id}",             handle_uploads_override,  WRITER, STREAM,                           NULL,                     204}, /* X-HTTP-Method-Override */

	{"GET",    "/api/jobs",                     handle_job_list,          READER, NONE,                             REPLY("job_list"),        200},
	{"GET",    "/api/jobs/{id}",                handle_job_read,          READER, NONE,                             REPLY("job"),             200},
	{"GET",    "/api/jobs/{id}/findings",       handle_job_findings,      READER, NONE,                             REPLY("finding_list"),    200},
	{"POST",   "/api/jobs/{id}/cancel",         handle_job_cancel,        WRITER, NONE,                             REPLY("job"),             200},
	{"POST",   "/api/jobs/{id}/retry",          handle_job_retry,         WRITER, NONE,                             REPLY("job"),             200},

	{"GET",    "/api/events",                   handle_event_list,        READER, NONE,                             REPLY("event_list"),      200}, /* also as a stream */
	{"POST",   "/api/events/replay",            handle_replay_create,     ADMIN,  SMALL_ONCE("replay_input", "replay"), REPLY("replay"),      200},
	{"GET",    "/api/events/replays",           handle_replay_list,       ADMIN,  NONE,                             REPLY("replay_list"),     200},
	{"GET",    "/api/events/replays/{pk}",      handle_replay_read,       ADMIN,  NONE,                             REPLY("replay"),          200},

	{"GET",    "/api/webhooks",                 handle_webhook_list,      ADMIN,  NONE,                             REPLY("webhook_list"),    200},
	{"POST",   "/api/webhooks",                 handle_webhook_create,    ADMIN,  SMALL_ONCE("webhook_input", "webhook"), REPLY("webhook_secret"), 200},
	{"GET",    "/api/webhooks/{pk}",            handle_webhook_read,      ADMIN,  NONE,                             REPLY("webhook"),         200},
	{"PATCH",  "/api/webhooks/{pk}",            handle_webhook_update,    ADMIN,  SMALL("webhook_change", "webhook"), REPLY("webhook"),       200},
	{"DELETE", "/api/webhooks/{pk}",            handle_webhook_delete,    ADMIN,  NONE,                             NULL,                     204},
	{"POST",   "/api/webhooks/{pk}/secret",     handle_webhook_rotate,    ADMIN,  NONE,                             REPLY("webhook_secret"),  200},
	{"POST",   "/api/webhooks/{pk}/test",       handle_webhook_test,      ADMIN,  NONE,                             REPLY("webhook_test"),    200},
	{"GET",    "/api/webhooks/{pk}/deliveries", handle_delivery_list,     ADMIN,  NONE,                             REPLY("delivery_list"),   200},
	{"POST",   "/api/webhooks/{pk}/deliveries/{delivery}/resend", handle_delivery_resend, ADMIN, NONE,            REPLY("delivery"),        200},

	{"POST",   "/api/upload",                   handle_upload,            WRITER, UPLOAD,                           REPLY("upload"),          200},
	{"GET",    "/api/download/url/{pid...}",    handle_download_url,      READER, NONE,                             REPLY("download"),        200},
	{"POST",   "/api/download/urls",            handle_download_urls,     READER, JSON("pid_list", "pids"),         REPLY("download_list"),   200},
	{"GET",    "/api/download",                 handle_download,          READER, STREAM,                           REPLY("download"),        200}, /* ?pid= */
	{"GET",    "/api/download/{pid...}",        handle_download,          READER, STREAM,                           REPLY("download"),        200},
	{NULL,     NULL,                            NULL,                     PUBLIC, NONE,                             NULL,                     0},
};
/* clang-format on */
