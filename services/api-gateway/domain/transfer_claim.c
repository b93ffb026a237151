/* SPDX-License-Identifier: MIT */
#include "domain/transfer_parts.h"

#include "common/digest.h"
#include "domain/entity_tag.h"

#include <stdio.h>

static bool names_content(const char *if_match, const struct media_row *media)
{
	char tag[DIGEST_HEX_SIZE + 2];
	snprintf(tag, sizeof(tag), "\"%s\"", media->sha256 ? media->sha256 : "");
	return entity_tag_in_list_strongly(if_match, tag);
}

int transfer_check_replaceable(const struct media_row *media, struct error *err)
{
	if (store_type_replaces(media->store.type))
		return 0;
	return error_set(err, ERROR_CONFLICT, "this media is READY, and a %s replaces nothing that it holds",
		store_type_name(media->store.type));
}

static int check_replace(const struct transfer_put *put, const struct media_row *media, struct error *err)
{
	if (transfer_check_replaceable(media, err))
		return -1;
	if (!put->if_match)
		return error_set(err, ERROR_CONFLICT,
			"this media is READY; to replace its content send If-Match with the content's ETag");
	if (!names_content(put->if_match, media))
		return error_set(err, ERROR_PRECONDITION_FAILED,
			"the content is no longer the one that If-Match names");
	return 0;
}

static int create(struct db_conn *conn, const struct transfer_put *put, int64_t presign_expires_unix_ms,
	const struct db_actor *actor, struct arena *arena, struct transfer_claim *out, struct error *err)
{
	struct media_new media = *put->create;
	media.store_key = out->key;
	media.content_type = put->content_type;
	media.filename = put->filename;
	media.presign_expires_unix_ms = presign_expires_unix_ms;
	int64_t pk;
	if (media_create(conn, &media, actor, arena, NULL, &pk, err))
		return -1;
	out->created = true;
	return transfer_find(conn, put->pid, DB_NO_LOCK, arena, &out->media, err);
}

static int add_bytes(struct db_conn *conn, const struct transfer_put *put, int64_t presign_expires_unix_ms,
	const struct db_actor *actor, struct transfer_claim *out, struct error *err)
{
	if (out->media.status == MEDIA_READY) {
		if (check_replace(put, &out->media, err))
			return -1;
		out->replaces_key = out->media.store_key;
		return 0;
	}
	if (put->if_match)
		return error_set(
			err, ERROR_PRECONDITION_FAILED, "this media has no content that If-Match could name");
	struct media_put begin = {
		.media_pk = out->media.pk,
		.store_key = out->key,
		.content_type = put->content_type,
		.filename = put->filename,
		.presign_expires_unix_ms = presign_expires_unix_ms,
	};
	int begun = media_begin_put(conn, &begin, actor, err);
	if (begun < 0)
		return -1;
	return begun ? 0 : error_set(err, ERROR_CONFLICT, "this media has changed meanwhile");
}

static int take_over(struct db_conn *conn, const struct transfer_put *put, int64_t presign_expires_unix_ms,
	const struct db_actor *actor, struct arena *arena, struct transfer_claim *out, struct error *err)
{
	struct media_new media = *put->create;
	media.store_key = out->key;
	media.content_type = put->content_type;
	media.filename = put->filename;
	media.presign_expires_unix_ms = presign_expires_unix_ms;
	int taken = media_take_over(conn, &media, actor, arena, NULL, NULL, err);
	if (taken < 0)
		return -1;
	if (!taken && out->media.status == MEDIA_READY)
		return error_set(err, ERROR_CONFLICT, "this pid exists and is READY");
	if (!taken)
		return error_set(err, ERROR_CONFLICT, "this pid exists, %s and of type %s",
			media_status_name(out->media.status), out->media.pid_type);
	return transfer_find(conn, put->pid, DB_NO_LOCK, arena, &out->media, err);
}

int transfer_claim(struct db_conn *conn, const struct transfer_put *put, int64_t presign_expires_unix_ms,
	const struct db_actor *actor, struct arena *arena, struct transfer_claim *out, struct error *err)
{
	*out = (struct transfer_claim){0};
	object_key_make(put->pid, out->key);
	int found = media_find(conn, put->pid, DB_LOCK, arena, &out->media, err);
	if (found < 0)
		return -1;
	if (!found && put->if_match)
		return error_set(
			err, ERROR_PRECONDITION_FAILED, "no media has this pid, so If-Match names nothing");
	if (!found && !put->create)
		return error_set(err, ERROR_NOT_FOUND, "no media has this pid");
	if (!found)
		return create(conn, put, presign_expires_unix_ms, actor, arena, out, err);
	if (put->existing == TRANSFER_ADD_BYTES)
		return add_bytes(conn, put, presign_expires_unix_ms, actor, out, err);
	return take_over(conn, put, presign_expires_unix_ms, actor, arena, out, err);
}
