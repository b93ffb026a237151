/* SPDX-License-Identifier: MIT */
/* POST /uploads: what may be refused is refused here, before hours of bytes: it is asked again at the end, when
 * it counts. */
#include "handlers/uploads_parts.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/clock.h"
#include "domain/entity_tag.h"
#include "gateway.h"
#include "handlers/creation.h"
#include "handlers/session.h"
#include "handlers/upload_metadata.h"

#include <cjson/cJSON.h>
#include <string.h>
#include <strings.h>

enum { JOIN_MS = 10000, OUTCOME_WAIT_MS = 5000, NAME_MAX_BYTES = 1020, TYPE_MAX = 255 };

static int check_row(const struct media_row *media, const char *if_match, struct error *err)
{
	char tag[DIGEST_HEX_SIZE + 2];
	if (media->status != MEDIA_READY)
		return 0;
	if (!if_match)
		return error_set(err, ERROR_CONFLICT,
			"this media is READY; to replace its content send If-Match with the content's ETag");
	snprintf(tag, sizeof(tag), "\"%s\"", media->sha256 ? media->sha256 : "");
	if (entity_tag_in_list_strongly(if_match, tag))
		return 0;
	return error_set(
		err, ERROR_PRECONDITION_FAILED, "the content is no longer the one that If-Match names");
}

static int check_media(struct gateway *gateway, struct request *request, struct response *response,
	const cJSON *json, const char *if_match, struct error *err)
{
	struct media_row media;
	struct mediadata data;
	const char *pid = cJSON_GetObjectItemCaseSensitive(json, "pid")->valuestring;
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	int found = conn ? media_find(conn, pid, DB_NO_LOCK, request->arena, &media, err) : -1;
	if (found < 0)
		return -1;
	if (found)
		return check_row(&media, if_match, err);
	if (if_match)
		return error_set(
			err, ERROR_PRECONDITION_FAILED, "no media has this pid, so If-Match names nothing");
	return creation_resolve(gateway, conn, request, response, json, "Upload-Metadata", &data, err);
}

/* A value under any of its names, within its length. */
static int add_text(cJSON *json, const struct request_params *metadata, const char *const *names, size_t max,
	struct error *err)
{
	const char *value = NULL;
	for (size_t i = 0; names[i] && !value; i++)
		value = creation_value(metadata, names[i]);
	if (value && strlen(value) > max)
		return error_set(err, ERROR_INVALID, "%s is longer than %zu bytes", names[0], max);
	if (value && *value)
		cJSON_AddStringToObject(json, names[0], value);
	return 0;
}

static int add_sha256(cJSON *json, const struct request_params *metadata, struct error *err)
{
	const char *value = creation_value(metadata, "sha256");
	if (!value)
		return 0;
	if (strlen(value) != DIGEST_HEX_SIZE - 1 || value[strspn(value, "0123456789abcdefABCDEF")])
		return error_set(err, ERROR_INVALID, "sha256 must be 64 hexadecimal digits");
	cJSON_AddStringToObject(json, "sha256", value);
	return 0;
}

/* What the bytes are to become. */
static int describe_media(struct gateway *gateway, struct request *request, struct response *response,
	const struct request_params *metadata, struct upload_row *upload, struct error *err)
{
	static const char *const FILENAME[] = {"filename", "name", NULL};
	static const char *const TYPE[] = {"content_type", "filetype", "type", NULL};
	const char *pid = creation_value(metadata, "pid");
	if (!pid || !*pid)
		return error_set(err, ERROR_INVALID, "Upload-Metadata must name the pid");
	cJSON *json = creation_json(request, pid, metadata);
	upload->if_match = request_header(request, "If-Match");
	if (add_text(json, metadata, FILENAME, NAME_MAX_BYTES, err) ||
		add_text(json, metadata, TYPE, TYPE_MAX, err) || add_sha256(json, metadata, err) ||
		check_media(gateway, request, response, json, upload->if_match, err))
		return -1;
	upload->media = creation_print(request, json);
	return 0;
}

/* --- concatenation */

/* The last segment of each URL. */
static const char *ids_of(const char *urls, struct arena *arena, size_t *count)
{
	CLEANUP(buf_release) struct buf out = {0};
	char *rest = arena_strdup(arena, urls);
	*count = 0;
	for (char *url; (url = strsep(&rest, " "));) {
		const char *slash = strrchr(url, '/');
		const char *id = slash ? slash + 1 : url;
		if (!*id)
			continue;
		if (strlen(id) != RANDOM_UUID_SIZE - 1 || id[strspn(id, "0123456789abcdef-")])
			return NULL;
		buf_printf(&out, "%s%s", *count ? "," : "", id);
		++*count;
	}
	return out.length ? arena_memdup(arena, out.data, out.length) : NULL;
}

static int describe_final(struct gateway *gateway, const struct request *request, const char *urls,
	struct upload_row *upload, struct error *err)
{
	struct upload_row *parts;
	size_t wanted, count;
	upload->kind = UPLOAD_FINAL;
	upload->parts = ids_of(urls, request->arena, &wanted);
	if (!upload->parts)
		return error_set(err, ERROR_BAD_REQUEST, "Upload-Concat names no uploads");
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	if (!conn ||
		upload_find_parts(conn, upload->parts, upload->user_pk, request->arena, &parts, &count, err))
		return -1;
	if (count != wanted)
		return error_set(err, ERROR_CONFLICT,
			"Upload-Concat names an upload that is no complete part, or not there");
	upload->length = 0;
	for (size_t i = 0; i < count; i++)
		upload->length += parts[i].length;
	return 0;
}

static int describe_kind(
	struct gateway *gateway, const struct request *request, struct upload_row *upload, struct error *err)
{
	static const char FINAL[] = "final;";
	const char *concat = request_header(request, "Upload-Concat");
	const char *deferred = request_header(request, "Upload-Defer-Length");
	int given = uploads_number(request, "Upload-Length", &upload->length, err);
	if (given < 0)
		return -1;
	if (concat && strncmp(concat, FINAL, sizeof(FINAL) - 1) == 0)
		return describe_final(gateway, request, concat + sizeof(FINAL) - 1, upload, err);
	if (concat && strcmp(concat, "partial") != 0)
		return error_set(
			err, ERROR_BAD_REQUEST, "Upload-Concat must be partial, or final;URL URL...");
	if ((deferred && strcmp(deferred, "1") != 0) || (deferred != NULL) == (given == 1))
		return error_set(
			err, ERROR_BAD_REQUEST, "either Upload-Length or Upload-Defer-Length: 1 is needed");
	upload->kind = concat ? UPLOAD_PARTIAL : UPLOAD_WHOLE;
	return 0;
}

/* --- */

/* creation-with-upload: whoever does not learn the Location cannot go on, so nothing stays after a failure. */
static int receive_first(struct gateway *gateway, struct request *request, struct upload_row *upload,
	const struct caller *caller, struct error *err)
{
	struct upload_piece piece;
	if (uploads_piece(request, 0, &piece, err) == 0 &&
		upload_receive(gateway->transfer, upload->id, upload->user_pk, &piece, caller, request->arena,
			upload, err) == 0)
		return 0;
	struct error why;
	if (upload_drop(gateway->transfer, upload->id, upload->user_pk, request->arena, &why))
		error_add_cause(err, "and the upload stays until it expires: %.120s", why.message);
	return -1;
}

static int has_first_bytes(const struct request *request, struct error *err)
{
	const char *type = request_header(request, "Content-Type");
	if (request->source.content_length == 0)
		return 0;
	if (type && strcasecmp(type, "application/offset+octet-stream") == 0)
		return 1;
	return error_set(err, ERROR_MEDIA_TYPE, "the Content-Type must be application/offset+octet-stream");
}

static int begin(struct gateway *gateway, struct request *request, const struct upload_row *wanted,
	struct upload_row *upload, struct error *err)
{
	struct caller caller = session_caller(request);
	int bytes = has_first_bytes(request, err);
	if (bytes < 0 || upload_begin(gateway->transfer, wanted, &caller, request->arena, upload, err))
		return -1;
	if (bytes)
		return receive_first(gateway, request, upload, &caller, err);
	if (upload->kind != UPLOAD_FINAL)
		return 0;
	if (upload_join(gateway->transfer, upload->id, clock_monotonic_ms() + JOIN_MS, &caller,
		    request->arena, err))
		return -1;
	return upload_look(gateway->transfer, upload->id, upload->user_pk, request->arena, upload, err);
}

int handle_uploads_create(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct request_params metadata;
	struct upload_row upload;
	struct upload_row wanted = {
		.user_pk = request->principal.user_pk,
		.length = -1,
		.metadata = request_header(request, "Upload-Metadata"),
	};
	if (uploads_begin(request, response, err) || describe_kind(gateway, request, &wanted, err) ||
		upload_metadata_parse(wanted.metadata, request->arena, &metadata, err))
		return -1;
	if (wanted.kind != UPLOAD_PARTIAL &&
		describe_media(gateway, request, response, &metadata, &wanted, err))
		return -1;
	if (begin(gateway, request, &wanted, &upload, err))
		return -1;
	/* relative to this request's own URL: right behind any proxy, whatever prefix it has */
	response_header_printf(request, response, "Location", "uploads/%s", upload.id);
	uploads_describe(gateway, request, response, &upload, OUTCOME_WAIT_MS, "");
	response->status = 201;
	return 0;
}
