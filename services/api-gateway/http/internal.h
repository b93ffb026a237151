/* SPDX-License-Identifier: MIT */
#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H

/*
 * The gateway's internal listener, for store-workers: GET /internal/bytes/<ticket> streams a spooled
 * upload. No ticket, no bytes; nothing else is here.
 */

struct http_exchange;

/* http_server_options.handle, with the struct spool as its context. */
void internal_handle(struct http_exchange *exchange, void *context);

#endif
