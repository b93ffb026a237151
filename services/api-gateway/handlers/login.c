/* SPDX-License-Identifier: MIT */
#include "handlers/login.h"

#include "domain/credentials.h"
#include "domain/tokens.h"
#include "gateway.h"
#include "http/request.h"
#include "http/response.h"

#include <openssl/crypto.h>

int login_check(struct gateway *gateway, struct request *request, struct response *response,
	const char *username, const char *password, int64_t *user_pk, struct error *err)
{
	struct credentials_checker checker = {
		gateway->pool, gateway->database_timeout_ms, gateway->login_limit};
	struct credentials given = {username, password, request->peer ? request->peer : ""};
	int64_t wait_ms = 0;
	if (credentials_check(&checker, &given, user_pk, &wait_ms, err) == 0)
		return 0;
	response_set_retry_after(response, wait_ms);
	return -1;
}

int handle_login(
	struct gateway *gateway, struct request *request, struct response *response, struct error *err)
{
	struct tokens_source source = {gateway->pool, gateway->database_timeout_ms};
	const char *username = request_text(request->json, "username");
	const char *password = request_text(request->json, "password");
	char token[TOKEN_SIZE];
	int64_t user_pk;
	if (login_check(gateway, request, response, username, password, &user_pk, err) ||
		tokens_start_login(&source, user_pk, gateway->token_lifetime_ms, token, err)) {
		if (err->code == ERROR_UNAUTHORIZED)
			response_add_error_member(response, "error", err->message);
		return -1;
	}
	buf_printf(&response->body, "{\"token\":\"%s\"}", token);
	OPENSSL_cleanse(token, sizeof(token));
	response_json(request, response);
	return 0;
}
