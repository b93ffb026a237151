/* SPDX-License-Identifier: MIT */
"use strict";

/* A login that was tried out on this page authorizes the calls that follow. The token stays in this page's memory. */
function takeToken(response) {
	const body = response.obj || response.body;
	if (new URL(response.url, location.href).pathname.endsWith("/api/login") && response.ok && body && body.token)
		ui.preauthorizeApiKey("token", body.token);
	return response;
}

const ui = SwaggerUIBundle({
	url: "openapi.json",
	dom_id: "#swagger-ui",
	deepLinking: true,
	docExpansion: "list",
	defaultModelsExpandDepth: 0,
	displayRequestDuration: true,
	filter: true,
	tryItOutEnabled: true,
	validatorUrl: null,
	responseInterceptor: takeToken,
});
