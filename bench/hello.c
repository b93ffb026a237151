/* SPDX-License-Identifier: MIT */
/*
 * civetweb's bare hello: the floor under every request of the gateway. Usage: bench-hello PORT THREADS;
 * ends with its standard input.
 */
#include <civetweb.h>
#include <stdio.h>
#include <unistd.h>

static int answer(struct mg_connection *connection, void *context)
{
	static const char REPLY[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
				    "Content-Length: 23\r\n\r\n{\"msg\":\"Hello, world!\"}";
	(void)context;
	mg_write(connection, REPLY, sizeof(REPLY) - 1);
	return 200;
}

int main(int argc, char **argv)
{
	char listen[64];
	if (argc != 3)
		return 2;
	snprintf(listen, sizeof(listen), "127.0.0.1:%s", argv[1]);
	const char *options[] = {"listening_ports", listen, "num_threads", argv[2], "tcp_nodelay", "1",
		"enable_keep_alive", "yes", "keep_alive_timeout_ms", "60000", NULL};
	mg_init_library(0);
	struct mg_context *server = mg_start(NULL, NULL, options);
	if (!server)
		return 1;
	mg_set_request_handler(server, "/", answer, NULL);
	char end;
	while (read(STDIN_FILENO, &end, 1) > 0)
		;
	mg_stop(server);
	return 0;
}
