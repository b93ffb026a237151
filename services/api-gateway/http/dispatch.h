/* SPDX-License-Identifier: MIT */
#ifndef HTTP_DISPATCH_H
#define HTTP_DISPATCH_H

/*
 * route -> authentication -> role -> body -> schema -> handler -> reply, on a plain request and response: no
 * sockets here. The order is the contract: an unknown route is 404 before authentication, and a wrong token
 * 401 before the body is looked at.
 */

struct gateway;
struct request;
struct response;

/* The request has been through request_begin(), the response is zeroed. Always leaves an answer in the
 * response, unless a raw handler has streamed one: then response->status is 0, and response->error tells
 * whether the stream broke off. */
void dispatch(struct gateway *gateway, struct request *request, struct response *response);

#endif
