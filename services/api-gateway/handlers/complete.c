/* SPDX-License-Identifier: MIT */
/* POST /media/{pid}/complete: the client has put the bytes to a presigned URL and does not want to wait
 * for the watch. */
#include "db/media_repo.h"
#include "domain/transfer.h"
#include "gateway.h"
#include "handlers/media.h"
#include "handlers/session.h"
#include "handlers/transfer.h"
#include "http/request.h"
#include "http/response.h"

static int find(
	struct gateway *gateway, const struct request *request, struct media_row *row, struct error *err)
{
	CLEANUP(db_release) struct db_conn *conn = session_connect(gateway, err);
	int found =
		conn ? media_find(conn, request_param(request, "pid"), DB_NO_LOCK, request->arena, row, err)
		     : -1;
	if (found < 0)
		return -1;
	return found ? 0 : error_set(err, ERROR_NOT_FOUND, "no media has this pid");
}

int handle_media_complete(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct media_row row;
	struct caller caller = session_caller(request);
	if (find(gateway, request, &row, err) ||
		transfer_complete(gateway->transfer, &row, &caller, request->arena, err))
		return -1;
	return handle_media_read(gateway, request, response, err);
}
