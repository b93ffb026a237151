/* SPDX-License-Identifier: MIT */
/* POST /download/urls: presigned URLs for many media, each with its metadata; those that have none say
 * why. */
#include "common/buf.h"
#include "db/media_bulk.h"
#include "domain/transfer.h"
#include "gateway.h"
#include "handlers/list_writer.h"
#include "handlers/presign_query.h"
#include "handlers/session.h"
#include "handlers/transfer.h"
#include "http/request.h"
#include "http/response.h"

#include <cjson/cJSON.h>

static int presign(struct gateway *gateway, const struct media_found *media,
	const struct transfer_presign *wanted, struct arena *arena, const char **url, struct error *err)
{
	if (!media->json)
		return error_set(err, ERROR_NOT_FOUND, "no media has this pid");
	if (media->row.status != MEDIA_READY)
		return error_set(err, ERROR_CONFLICT, "this media is %s, it has no bytes to give",
			media_status_name(media->row.status));
	return transfer_presign_get(gateway->transfer, &media->row, wanted, arena, url, err);
}

static void append_one(struct gateway *gateway, const char *pid, const struct media_found *media,
	const struct transfer_presign *wanted, struct arena *arena, struct buf *out)
{
	struct error why;
	const char *url;
	if (presign(gateway, media, wanted, arena, &url, &why)) {
		buf_append_text(out, "{\"pid\":");
		buf_append_json_string(out, pid);
		buf_printf(out, ",\"error\":\"%s\",\"msg\":", error_wire_name(why.code));
		buf_append_json_string(out, why.message);
	} else {
		buf_printf(out, "{\"mediadata\":%s,\"base64\":\"\",\"presigned_get\":", media->json);
		buf_append_json_string(out, url);
	}
	buf_append_text(out, "}");
}

static int find(
	struct gateway *gateway, const struct request *request, struct media_found **media, struct error *err)
{
	size_t count;
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	return conn ? media_find_many(conn, request->body, request->arena, media, &count, err) : -1;
}

int handle_download_urls(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct media_found *media;
	struct list_writer list;
	struct transfer_presign wanted;
	if (presign_query(gateway, request, &wanted, err) || find(gateway, request, &media, err))
		return -1;
	list_open(&list, request, response, "[");
	const cJSON *pid;
	cJSON_ArrayForEach(pid, request->json) {
		CLEANUP(buf_release) struct buf one = {0};
		append_one(gateway, pid->valuestring, media++, &wanted, request->arena, &one);
		if (list_add(&list, one.data, one.length, err))
			return -1;
	}
	return list_close(&list, "]", err);
}
