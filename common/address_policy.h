/* SPDX-License-Identifier: MIT */
#ifndef COMMON_ADDRESS_POLICY_H
#define COMMON_ADDRESS_POLICY_H

/*
 * Which network addresses may be connected to when the URL is somebody else's. Addresses of the public
 * internet may; those of this host, of private networks and for special purposes (RFC 6890 and its IANA
 * registries) may only when a list of networks names them. What is judged is the address about to be
 * connected to, never a name or a spelling of it: http_client asks for every socket that it opens, so
 * neither a name that resolves differently the second time nor 0x7f.1 or ::ffff:127.0.0.1 leads past. An
 * IPv6 address that carries an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo) is judged by that.
 * Read only once made: any number of threads.
 */

#include "common/error.h"

#include <stdbool.h>

struct sockaddr;
struct address_policy;

enum { ADDRESS_NETWORKS_MAX = 64 };

/* `networks`: what may be connected to besides the public internet, separated by commas: "10.0.0.0/8",
 * "127.0.0.1", "fd00::/8", "any" (everything). NULL or "": nothing. INVALID names the entry. */
MUST_CHECK int address_policy_create(const char *networks, struct address_policy **out, struct error *err);
void address_policy_free(struct address_policy *policy); /* NULL is accepted */

/* Anything but IPv4 and IPv6 is refused. */
bool address_policy_allows(const struct address_policy *policy, const struct sockaddr *address);

#endif
