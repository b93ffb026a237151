/* SPDX-License-Identifier: MIT */
#include "domain/webhooks.h"

#include "common/arena.h"
#include "common/base64.h"
#include "common/buf.h"
#include "common/bus.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/random.h"
#include "common/seal.h"
#include "db/webhook_repo.h"
#include "domain/deliveries.h"
#include "domain/webhook_filter.h"
#include "messaging/job_post.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <string.h>

enum { SECRET_BYTES = 32, URL_MAX = 2048 };

static int unknown(int64_t pk, struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, "no webhook has the pk %" PRId64, pk);
}

/* --- what a webhook may be */

/* Where it leads is judged when it is connected to. */
static int check_url(const char *url, struct error *err)
{
	size_t scheme = strncmp(url, "http://", 7) == 0 ? 7 : strncmp(url, "https://", 8) == 0 ? 8 : 0;
	size_t authority = scheme ? strcspn(url + scheme, "/?#") : 0;
	if (authority == 0 || strlen(url) > URL_MAX)
		return error_set(
			err, ERROR_INVALID, "url: http(s)://host[:port]/path, of at most %d bytes", URL_MAX);
	for (const char *at = url; *at; at++)
		if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7f || strchr("\"<>\\^`{|}#", *at))
			return error_set(err, ERROR_INVALID,
				"url: characters that a URL has only percent-encoded, or a fragment");
	if (memchr(url + scheme, '@', authority))
		return error_set(err, ERROR_INVALID, "url: without user and password");
	return 0;
}

static const char *array_of(const struct webhook_wish *wish, struct arena *arena)
{
	CLEANUP(buf_release) struct buf array = {0};
	db_text_array(&array, wish->events, wish->event_count);
	return arena_memdup(arena, array.data, array.length);
}

/* --- secrets: as the Standard Webhooks specification writes them */

static void make_secret(char out[WEBHOOK_SECRET_SIZE])
{
	static const char PREFIX[] = "whsec_";
	unsigned char bytes[SECRET_BYTES];
	random_bytes(bytes, sizeof(bytes));
	memcpy(out, PREFIX, sizeof(PREFIX) - 1);
	base64_encode(bytes, sizeof(bytes), BASE64_STANDARD, out + sizeof(PREFIX) - 1);
	OPENSSL_cleanse(bytes, sizeof(bytes));
}

static const char *seal_secret(
	const unsigned char *seal_key, const char *seal_id, const char *secret, struct arena *arena)
{
	CLEANUP(buf_release) struct buf sealed = {0};
	seal_text(seal_key, arena_printf(arena, "webhook:%s", seal_id), secret, &sealed);
	return arena_memdup(arena, sealed.data, sealed.length);
}

/* --- the rules */

int webhooks_create(struct db_conn *conn, const unsigned char *seal_key, const struct webhook_wish *wish,
	struct arena *arena, int64_t *pk, char secret[WEBHOOK_SECRET_SIZE], struct error *err)
{
	char seal_id[RANDOM_UUID_SIZE];
	if (check_url(wish->url, err) ||
		webhook_filter_check(wish->events, wish->event_count, wish->pid_pattern, err))
		return -1;
	random_uuid(seal_id);
	make_secret(secret);
	const struct webhook_row row = {
		.url = wish->url,
		.description = wish->description,
		.events = array_of(wish, arena),
		.pid_pattern = wish->pid_pattern,
		.active = wish->active,
		.seal_id = seal_id,
		.secret = seal_secret(seal_key, seal_id, secret, arena),
		.actor = wish->actor,
	};
	return webhook_insert(conn, &row, pk, err);
}

int webhooks_update(struct db_conn *conn, int64_t pk, const struct webhook_wish *wish, struct arena *arena,
	struct error *err)
{
	struct webhook_row row;
	int found = webhook_find(conn, pk, arena, &row, err);
	if (found <= 0)
		return found ? -1 : unknown(pk, err);
	if ((wish->url && check_url(wish->url, err)) ||
		webhook_filter_check(wish->events, wish->event_count, wish->pid_pattern, err))
		return -1;
	if (wish->url)
		row.url = wish->url;
	if (wish->has_description)
		row.description = wish->description;
	if (wish->has_events)
		row.events = array_of(wish, arena);
	if (wish->has_pid)
		row.pid_pattern = wish->pid_pattern;
	if (wish->has_active)
		row.active = wish->active;
	return webhook_update(conn, &row, err);
}

int webhooks_rotate(struct db_conn *conn, const unsigned char *seal_key, int64_t pk, int64_t overlap_ms,
	struct arena *arena, char secret[WEBHOOK_SECRET_SIZE], struct error *err)
{
	struct webhook_row row;
	int found = webhook_find(conn, pk, arena, &row, err);
	if (found <= 0)
		return found ? -1 : unknown(pk, err);
	make_secret(secret);
	int set = webhook_set_secret(
		conn, pk, seal_secret(seal_key, row.seal_id, secret, arena), overlap_ms, err);
	return set < 0 ? -1 : 0;
}

int webhooks_read_json(
	struct db_conn *conn, int64_t pk, struct arena *arena, const char **json, struct error *err)
{
	int found = webhook_read_json(conn, pk, arena, json, err);
	return found > 0 ? 0 : found < 0 ? -1 : unknown(pk, err);
}

int webhooks_delete(struct db_conn *conn, int64_t pk, struct error *err)
{
	int deleted = webhook_delete(conn, pk, err);
	return deleted > 0 ? 0 : deleted < 0 ? -1 : unknown(pk, err);
}

/* --- the test button */

int webhooks_compose_test(struct db_conn *conn, int64_t pk, int64_t deadline_unix_ms, struct arena *arena,
	struct job_message *out, struct error *err)
{
	char id[RANDOM_UUID_SIZE], time[CLOCK_RFC3339_SIZE];
	struct webhook_target target;
	int found = webhook_find_target(conn, pk, arena, &target, err);
	if (found <= 0)
		return found ? -1 : unknown(pk, err);
	random_uuid(id);
	const char *body = arena_printf(arena,
		"{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"/"
		"mediastore\",\"type\":\"mediastore.webhook.test\","
		"\"time\":\"%s\",\"datacontenttype\":\"application/json\",\"data\":{\"webhook\":%" PRId64
		"}}",
		id, clock_rfc3339(clock_unix_ms(), time), pk);
	*out = (struct job_message){.id = arena_strdup(arena, id),
		.class = JOB_QUICK,
		.attempt = 1,
		.deadline_unix_ms = deadline_unix_ms};
	deliveries_message(&target, out->id, body, strlen(body), out);
	return 0;
}

static const char *print_result(const struct result_message *result, struct arena *arena)
{
	CLEANUP(buf_release) struct buf out = {0};
	buf_printf(&out, "{\"delivered\":%s,\"status\":", result->code == ERROR_NONE ? "true" : "false");
	if (result->status)
		buf_printf(&out, "%" PRId64, result->status);
	else
		buf_append_text(&out, "null");
	buf_append_text(&out, ",\"answer\":");
	if (result->answer)
		buf_append_json_string(&out, result->answer);
	else
		buf_append_text(&out, "null");
	buf_append_text(&out, ",\"error\":");
	if (result->code == ERROR_NONE) {
		buf_append_text(&out, "null");
	} else {
		buf_printf(&out, "{\"code\":\"%s\",\"message\":", error_wire_name(result->code));
		buf_append_json_string(
			&out, result->message ? result->message : error_default_text(result->code));
		buf_append_text(&out, "}");
	}
	buf_printf(&out, ",\"elapsed_ms\":%" PRId64 "}", result->elapsed_ms);
	return arena_memdup(arena, out.data, out.length);
}

int webhooks_test(struct job_post *post, const struct job_message *job, struct arena *arena,
	const char **json, struct error *err)
{
	struct bus_delivery *delivery;
	struct result_message result;
	if (job_post_check(post, err) || job_post_and_wait(post, job, NULL, arena, &delivery, &result, err))
		return -1;
	*json = print_result(&result, arena);
	bus_delivery_settle(delivery, BUS_ACK);
	return 0;
}
