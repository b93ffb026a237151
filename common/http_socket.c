/* SPDX-License-Identifier: MIT */
/* civetweb does not give an exchange's socket away: it is looked up among the process's descriptors by its two
 * addresses. That is some system calls for each of them, so it is done where much depends on it. */
#include "common/http_internal.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static bool is_port(int fd, int (*name)(int, struct sockaddr *, socklen_t *), int port, const char *address)
{
	struct sockaddr_in end = {0};
	socklen_t size = sizeof(end);
	char text[INET_ADDRSTRLEN];
	if (name(fd, (struct sockaddr *)&end, &size) != 0 || end.sin_family != AF_INET ||
		ntohs(end.sin_port) != port)
		return false;
	return !address ||
	       (inet_ntop(AF_INET, &end.sin_addr, text, sizeof(text)) && strcmp(text, address) == 0);
}

int http_socket_find(const struct http_exchange *exchange)
{
	DIR *descriptors = opendir("/proc/self/fd");
	int found = -1;
	for (struct dirent *entry; found < 0 && descriptors && (entry = readdir(descriptors));) {
		int fd = atoi(entry->d_name);
		if (is_port(fd, getpeername, exchange->request->remote_port,
			    exchange->request->remote_addr) &&
			is_port(fd, getsockname, exchange->server->port, NULL))
			found = fd;
	}
	if (descriptors)
		closedir(descriptors);
	return found;
}
