/* SPDX-License-Identifier: MIT */
/*
 * Another place for bytes that somebody has already brought there. READY stays true because a worker reads
 * them first; moving them is another matter. What is left at the old place is nobody's business here: it
 * may be where it is on purpose.
 */
#include "db/media_bulk.h"
#include "domain/transfer_parts.h"

static int write_down(struct transfer *transfer, struct media_row *media, const struct media_row *found,
	const struct result_message *result, const struct caller *caller, struct error *err)
{
	struct media_place place = {
		.store_pk = found->store.pk,
		.store_key = found->store_key,
		.size = result->size,
		.sha256 = result->sha256,
		.holder = result->holder,
	};
	CLEANUP(db_release) struct db_conn *conn = transfer_connect(transfer, err);
	int changed = conn ? media_repoint(conn, media, &place, &caller->actor, err) : -1;
	if (changed < 0)
		return -1;
	if (!changed)
		return error_set(err, ERROR_CONFLICT, "this media has changed meanwhile; try again");
	media->store = found->store;
	media->store_key = found->store_key;
	media->version++;
	return 0;
}

int transfer_repoint(struct transfer *transfer, struct media_row *media, const struct store_descriptor *store,
	const char *store_key, const struct caller *caller, struct arena *arena, struct error *err)
{
	struct media_row there = *media;
	there.store = *store;
	there.store_key = store_key;
	struct bus_delivery *delivery;
	struct result_message result;
	if (transfer_verify(transfer, &there, caller, arena, &delivery, &result, err))
		return -1;
	int written = -1;
	if (result.code == ERROR_NONE)
		written = write_down(transfer, media, &there, &result, caller, err);
	else if (result.code == ERROR_NOT_FOUND)
		error_set(err, ERROR_CONFLICT, "this media is READY, and its bytes are not at the new place");
	else
		error_set(err, result.code, "%s", result.message ? result.message : "the store failed");
	bus_delivery_settle(delivery, BUS_ACK);
	return written;
}
