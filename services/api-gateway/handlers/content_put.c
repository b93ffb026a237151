/* SPDX-License-Identifier: MIT */
/*
 * PUT /media/{pid}/content: a stream of any size becomes the bytes of a media. What can be refused from
 * the row alone is refused before a byte of the body is read.
 */
#include "common/arena.h"
#include "db/media_repo.h"
#include "domain/transfer.h"
#include "gateway.h"
#include "handlers/creation.h"
#include "handlers/session.h"
#include "handlers/transfer.h"
#include "http/checksum_headers.h"
#include "http/content_disposition.h"
#include "http/preconditions.h"
#include "http/request.h"
#include "http/response.h"

#include <cjson/cJSON.h>
#include <string.h>
#include <strings.h>

struct creation {
	struct media_new media;
	bool possible;
	enum store_type store_type; /* where the bytes will go, of a media that is there too */
};

static int resolve_creation(struct gateway *gateway, struct db_conn *conn, const struct request *request,
	struct response *response, struct creation *out, struct error *err)
{
	struct mediadata data;
	const cJSON *json = creation_json(request, request_param(request, "pid"), &request->query);
	if (creation_resolve(gateway, conn, request, response, json, "query", &data, err))
		return -1;
	*out = (struct creation){data.media, true, data.store_type};
	return 0;
}

/* Conditions on the content that is there. */
static bool is_wanted(const struct request *request, const struct media_row *row)
{
	struct validators validators = {
		arena_printf(request->arena, "\"%s\"", row->sha256 ? row->sha256 : ""),
		row->content_unix_ms / 1000};
	return preconditions_check(request, &validators) == PRECONDITION_HOLDS;
}

/* What the rows already decide: asked again, under a lock, when the bytes are here. */
static int check_before_body(struct gateway *gateway, const struct request *request,
	struct response *response, struct creation *creation, struct error *err)
{
	if (request_header(request, "Content-Range"))
		return error_set(err, ERROR_BAD_REQUEST, "content is stored whole: no Content-Range");
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	struct media_row row;
	int found =
		conn ? media_find(conn, request_param(request, "pid"), DB_NO_LOCK, request->arena, &row, err)
		     : -1;
	if (found < 0)
		return -1;
	if (!found)
		return resolve_creation(gateway, conn, request, response, creation, err);
	creation->store_type = row.store.type;
	if (row.status == MEDIA_READY && transfer_check_replaceable(&row, err))
		return -1;
	if (row.status == MEDIA_READY && !is_wanted(request, &row))
		return error_set(err, ERROR_PRECONDITION_FAILED,
			"the content is another than the condition names, or there is one");
	if (row.status == MEDIA_READY && !request_header(request, "If-Match"))
		return error_set(err, ERROR_CONFLICT,
			"this media is READY; to replace its content send If-Match with the content's ETag");
	return 0;
}

static ssize_t read_body(void *context, void *out, size_t size, struct error *err)
{
	return request_read(context, out, size, err);
}

static int answer_stored(struct gateway *gateway, struct request *request, struct response *response,
	const struct transfer_stored *stored, struct error *err)
{
	if (!stored->ready)
		return error_set(err, ERROR_DEADLINE,
			"no worker has finished in time; the upload goes on, look at the media's "
			"store_status");
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	const char *json;
	int found =
		conn ? media_read_json(conn, request_param(request, "pid"), request->arena, &json, err) : -1;
	if (found < 0)
		return -1;
	if (!found)
		return error_set(err, ERROR_CONFLICT, "this media was deleted meanwhile");
	response->status = stored->created ? 201 : 200;
	response_header_printf(request, response, "ETag", "\"%s\"", stored->sha256);
	response_json_text(request, response, json, strlen(json));
	return 0;
}

/* RFC 7240: "respond-async" among the preferences. */
static bool prefers_async(const struct request *request)
{
	char *rest = arena_strdup(request->arena, request_header(request, "Prefer"));
	for (char *one; (one = strsep(&rest, ",;"));) {
		one += strspn(one, " \t");
		size_t length = strcspn(one, " \t=");
		if (length == strlen("respond-async") && strncasecmp(one, "respond-async", length) == 0)
			return true;
	}
	return false;
}

/* The media as it is now; where to look how the job stands. */
static int answer_later(struct gateway *gateway, struct request *request, struct response *response,
	const struct transfer_stored *stored, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	const char *json;
	int found =
		conn ? media_read_json(conn, request_param(request, "pid"), request->arena, &json, err) : -1;
	if (found < 0)
		return -1;
	if (!found)
		return error_set(err, ERROR_CONFLICT, "this media was deleted meanwhile");
	response->status = 202;
	response_header_printf(request, response, "Location", "/api/jobs/%s", stored->job_id);
	response_header(request, response, "Preference-Applied", "respond-async");
	response_json_text(request, response, json, strlen(json));
	return 0;
}

int handle_content_put(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct creation creation = {0};
	struct caller caller = session_caller(request);
	struct intake_limits limits = transfer_limits(gateway->transfer);
	struct checksum_claims claims;
	struct transfer_stored stored;
	CLEANUP(intake_release) struct intake intake = INTAKE_NONE;
	limits.claims = &claims;
	limits.durable = prefers_async(request);
	if (checksum_headers_read(request, &claims, err) ||
		check_before_body(gateway, request, response, &creation, err))
		return -1;
	limits.for_disk = creation.store_type == STORE_FILESYSTEM || creation.store_type == STORE_HASHDIR;
	limits.in_blocks = creation.store_type == STORE_BUCKET;
	if ((!limits.durable && transfer_check(gateway->transfer, err)) ||
		intake_receive(transfer_spool(gateway->transfer), &limits, read_body, request,
			request->source.content_length, &intake, err))
		return -1;
	struct transfer_put put = {
		.pid = request_param(request, "pid"),
		.create = creation.possible ? &creation.media : NULL,
		.existing = TRANSFER_ADD_BYTES,
		.if_match = request_header(request, "If-Match"),
		.content_type = request_header(request, "Content-Type"),
		.filename = content_disposition_filename(
			request_header(request, "Content-Disposition"), request->arena),
	};
	if (limits.durable)
		return transfer_put_later(
			       gateway->transfer, &put, &intake, &caller, request->arena, &stored, err)
			       ? -1
			       : answer_later(gateway, request, response, &stored, err);
	if (transfer_put(gateway->transfer, &put, &intake, &caller, request->arena, &stored, err))
		return -1;
	return answer_stored(gateway, request, response, &stored, err);
}
