/* SPDX-License-Identifier: MIT */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

/* Joins common/http_server.h to dispatch(), and writes the access log: one line per request. */

struct http_exchange;

/* http_server_options.handle, with the struct gateway as its context. */
void server_handle(struct http_exchange *exchange, void *context);

#endif
