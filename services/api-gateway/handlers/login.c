/* SPDX-License-Identifier: MIT */
#include "handlers/login.h"

#include "domain/tokens.h"
#include "gateway.h"
#include "http/request.h"
#include "http/response.h"

#include <openssl/crypto.h>

int handle_login(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct tokens_source source = {gateway->pool, gateway->database_timeout_ms};
	const char *username = request_text(request->json, "username");
	const char *password = request_text(request->json, "password");
	char token[TOKEN_SIZE];
	if (tokens_login(&source, username, password, gateway->token_lifetime_ms, token, err) != 0) {
		if (err->code == ERROR_UNAUTHORIZED)
			response_add_error_member(response, "error", err->message);
		return -1;
	}
	buf_printf(&response->body, "{\"token\":\"%s\"}", token);
	OPENSSL_cleanse(token, sizeof(token));
	response_header(request, response, "Cache-Control", "no-store");
	response_json(request, response);
	return 0;
}
