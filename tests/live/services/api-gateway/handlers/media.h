/* SPDX-License-Identifier: MIT */
#ifndef TEST_MEDIA_H
#define TEST_MEDIA_H

/* What the tests about media share. */

#include "live/services/api-gateway/handlers/rest.h"

#include "db/media_repo.h"

#define STORE            "\"store_config\":{\"type\":\"FilesystemStore\",\"bucket\":\"/data\"}"
#define MEDIA(pid, more) "{\"pid\":\"" pid "\",\"pid_type\":\"DEFAULT\"," STORE more "}"

/* The text of the reply. */
static inline const char *body_text(void)
{
	return rest.response.body.data ? rest.response.body.data : "";
}

#define assert_body(expected) assert_string_equal(body_text(), expected)
#define assert_in_body(part)                                                                                 \
	do {                                                                                                 \
		if (!strstr(body_text(), part))                                                              \
			fail_msg("no %s in %s", part, body_text());                                          \
	} while (0)

/* A column of a media, as PostgreSQL prints it. */
static inline const char *column(const char *pid, const char *expression)
{
	return fixture_ask(
		arena_printf(fixture.arena, "SELECT %s FROM media WHERE pid = '%s'", expression, pid));
}

#define assert_column(pid, expression, expected) assert_string_equal(column(pid, expression), expected)

#define DONE(pid)   "{\"successes\":[\"" pid "\"],\"failures\":[]}"
#define FAILED(pid) "{\"successes\":[],\"failures\":[{\"pid\":\"" pid "\",\"error\":"

#endif
