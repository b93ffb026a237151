/* SPDX-License-Identifier: MIT */
#include "common/http_client_internal.h"

#include "common/address_policy.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/memory.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>

/*
 * A curl handle keeps its connections when it is reset, so the last one given back is the first one
 * lent: its connection is the warmest. A callback that fails leaves its own error in the run, which is
 * worth more than the CURLcode that follows from it.
 */

enum { PIECE = 64 * 1024, KEPT_BODY_MAX = 64 * 1024 };
enum { CLOCKS_APART_MS = 20 /* curl's clock and ours round differently */ };

/* One call under way. */
struct run {
	CURL *handle;
	const struct address_policy *addresses;
	const struct http_call *call;
	struct http_reply *reply;
	struct error *err;
	bool failed;      /* *err is set */
	bool refused;     /* an address that may not be connected to */
	bool head_done;   /* what follows are trailers */
	int64_t uploaded; /* handed to curl since the last rewind */
	int64_t moved_ms; /* when a byte moved last */
	curl_off_t moved; /* bytes in both directions at that time */
	char text[CURL_ERROR_SIZE];
};

/* --- handles */

static void init_library(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

struct http_client *http_client_create(const struct http_client_options *options)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, init_library);
	struct http_client *client = memory_alloc(sizeof(*client));
	client->connect_timeout_ms = options->connect_timeout_ms;
	client->user_agent = memory_strdup(options->user_agent);
	client->ca_file = memory_strdup(options->ca_file);
	client->proxy = memory_strdup(options->proxy);
	client->addresses = options->addresses;
	pthread_mutex_init(&client->lock, NULL);
	return client;
}

void http_client_free(struct http_client *client)
{
	if (!client)
		return;
	while (client->idle_count > 0)
		curl_easy_cleanup(client->idle[--client->idle_count]);
	pthread_mutex_destroy(&client->lock);
	free(client->user_agent);
	free(client->ca_file);
	free(client->proxy);
	free(client);
}

static CURL *borrow_handle(struct http_client *client)
{
	LOCK_SCOPE(&client->lock);
	return client->idle_count > 0 ? client->idle[--client->idle_count] : curl_easy_init();
}

static void give_back(struct http_client *client, CURL *handle)
{
	curl_easy_reset(handle);
	LOCK_SCOPE(&client->lock);
	if (client->idle_count < HTTP_CLIENT_IDLE_MAX)
		client->idle[client->idle_count++] = handle;
	else
		curl_easy_cleanup(handle);
}

/* --- what curl calls */

static void note_move(struct run *run)
{
	run->moved_ms = clock_monotonic_ms();
}

static int fail(struct run *run)
{
	run->failed = true;
	return -1;
}

static ssize_t read_source(struct run *run, char *out, size_t size)
{
	const struct http_call *call = run->call;
	if (call->read)
		return call->read(call->read_context, out, size, run->err);
	memcpy(out, (const char *)call->body + run->uploaded, size);
	return (ssize_t)size;
}

static size_t on_read(char *out, size_t size, size_t count, void *context)
{
	struct run *run = context;
	int64_t left = run->call->body_length - run->uploaded;
	size_t want = size * count < PIECE ? size * count : PIECE;
	if ((int64_t)want > left)
		want = (size_t)left;
	if (want == 0)
		return 0;
	ssize_t got = read_source(run, out, want);
	if (got == 0) /* or curl would wait for an answer that cannot come */
		got = error_set_cause(run->err, ERROR_INTERNAL, "request body ended after %lld of %lld bytes",
			(long long)run->uploaded, (long long)run->call->body_length);
	if (got < 0) {
		fail(run);
		return CURL_READFUNC_ABORT;
	}
	run->uploaded += got;
	note_move(run); /* time spent in the source is no stall of the network */
	return (size_t)got;
}

/* Asked for when a kept connection turned out to be closed and the request goes out once more. */
static int on_seek(void *context, curl_off_t offset, int origin)
{
	struct run *run = context;
	const struct http_call *call = run->call;
	if (offset != 0 || origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	if (run->uploaded > 0 && call->read && (!call->rewind || call->rewind(call->read_context) != 0))
		return CURL_SEEKFUNC_CANTSEEK;
	run->uploaded = 0;
	return CURL_SEEKFUNC_OK;
}

static int end_head(struct run *run)
{
	const struct http_call *call = run->call;
	long status = 0;
	curl_easy_getinfo(run->handle, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200) /* an interim one */
		return 0;
	run->reply->status = (int)status;
	run->head_done = true;
	if (call->head && call->head(call->write_context, run->reply, run->err) == -1)
		return fail(run);
	return 0;
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
	struct run *run = context;
	size_t length = size * count;
	if (run->head_done)
		return length;
	size_t used = length;
	while (used > 0 && (line[used - 1] == '\n' || line[used - 1] == '\r'))
		used--;
	int result = 0;
	if (used == 0)
		result = end_head(run);
	else if (used >= 5 && memcmp(line, "HTTP/", 5) == 0)
		buf_clear(&run->reply->headers);
	else
		result = http_reply_add_header(run->reply, line, used, run->err) == 0 ? 0 : fail(run);
	return result == 0 ? length : 0;
}

static size_t on_write(char *bytes, size_t size, size_t count, void *context)
{
	struct run *run = context;
	const struct http_call *call = run->call;
	size_t length = size * count;
	if (call->write && run->reply->status / 100 == 2) {
		if (call->write(call->write_context, bytes, length, run->err) == -1) {
			fail(run);
			return 0;
		}
		note_move(run);
		return length;
	}
	size_t room = KEPT_BODY_MAX - run->reply->body.length;
	buf_append(&run->reply->body, bytes, length < room ? length : room);
	return length;
}

/* Called by curl at every step and at least every second. */
static int on_progress(
	void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
	(void)down_total;
	(void)up_total;
	struct run *run = context;
	if (down + up != run->moved) {
		run->moved = down + up;
		note_move(run);
		return 0;
	}
	if (run->call->stall_timeout_ms == 0 ||
		clock_left_ms(run->moved_ms + run->call->stall_timeout_ms) > 0)
		return 0;
	error_set_cause(run->err, ERROR_DEADLINE, "no byte moved for %lld ms",
		(long long)run->call->stall_timeout_ms);
	return fail(run);
}

/* Asked for every address that is about to be connected to, so that no name can lead elsewhere between
 * being judged and being used. */
static curl_socket_t on_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct run *run = context;
	(void)purpose;
	if (!address_policy_allows(run->addresses, &address->addr)) {
		run->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* --- a call */

static struct curl_slist *list_headers(const char *lines)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:"); /* and so curl does not send it */
	while (lines && *lines) {
		size_t length = strcspn(lines, "\n");
		CLEANUP(cleanup_free) char *line = memory_alloc(length + 1);
		memcpy(line, lines, length);
		list = curl_slist_append(list, line);
		lines += length + (lines[length] == '\n');
	}
	return list;
}

static void cleanup_list(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

void http_client_set_transport(const struct http_client *client, CURL *handle)
{
	curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(
		handle, CURLOPT_PROXY, client->proxy ? client->proxy : ""); /* "": not the environment's */
	curl_easy_setopt(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(handle, CURLOPT_UPLOAD_BUFFERSIZE, (long)PIECE);
	curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, (long)PIECE);
	curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, (long)client->connect_timeout_ms);
	if (client->user_agent)
		curl_easy_setopt(handle, CURLOPT_USERAGENT, client->user_agent);
	if (client->ca_file)
		curl_easy_setopt(handle, CURLOPT_CAINFO, client->ca_file);
}

static bool has_body(const struct http_call *call)
{
	static const char *const METHODS[] = {"PUT", "POST", "PATCH"};
	for (size_t i = 0; i < sizeof(METHODS) / sizeof(METHODS[0]); i++)
		if (strcmp(call->method, METHODS[i]) == 0)
			return true; /* these say Content-Length: 0 when they have none */
	return call->body_length > 0;
}

static void set_request(struct run *run, struct curl_slist *headers)
{
	CURL *handle = run->handle;
	const struct http_call *call = run->call;
	curl_easy_setopt(handle, CURLOPT_URL, call->url);
	curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
	if (strcmp(call->method, "HEAD") == 0)
		curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
	else
		curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, call->method);
	if (has_body(call)) {
		curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, (curl_off_t)call->body_length);
		curl_easy_setopt(handle, CURLOPT_READFUNCTION, on_read);
		curl_easy_setopt(handle, CURLOPT_READDATA, run);
		curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, on_seek);
		curl_easy_setopt(handle, CURLOPT_SEEKDATA, run);
	}
	curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(handle, CURLOPT_HEADERDATA, run);
	curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(handle, CURLOPT_WRITEDATA, run);
	curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(handle, CURLOPT_XFERINFODATA, run);
	curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, run->text);
	if (run->addresses) {
		curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, on_socket);
		curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, run);
	}
	if (call->deadline_ms) {
		long left_ms = clock_left_ms(call->deadline_ms);
		curl_easy_setopt(
			handle, CURLOPT_TIMEOUT_MS, left_ms > 0 ? left_ms : 1L); /* 0 would be for ever */
	}
}

/* The CURLcodes of a dependency that cannot be reached or broke off; a timeout before the deadline is
 * that of connecting. */
static int translate(const struct run *run, CURLcode code)
{
	const char *text = run->text[0] ? run->text : curl_easy_strerror(code);
	if (run->refused && code == CURLE_COULDNT_CONNECT)
		return error_set(
			run->err, ERROR_FORBIDDEN, "the URL leads to an address that is not allowed");
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		if (run->call->deadline_ms && clock_left_ms(run->call->deadline_ms) <= CLOCKS_APART_MS)
			return error_set_cause(run->err, ERROR_DEADLINE, "%s", text);
		return error_set_cause(run->err, ERROR_UNAVAILABLE, "%s", text);
	case CURLE_URL_MALFORMAT:
	case CURLE_OUT_OF_MEMORY:
	case CURLE_FAILED_INIT:
	case CURLE_BAD_FUNCTION_ARGUMENT:
	case CURLE_SSL_CACERT_BADFILE:
		return error_set_cause(run->err, ERROR_INTERNAL, "%s", text);
	default:
		return error_set_cause(run->err, ERROR_UNAVAILABLE, "%s", text);
	}
}

static int perform(const struct http_client *client, struct run *run)
{
	CLEANUP(cleanup_list) struct curl_slist *headers = list_headers(run->call->headers);
	http_client_set_transport(client, run->handle);
	set_request(run, headers);
	note_move(run);
	CURLcode code = curl_easy_perform(run->handle);
	if (run->failed)
		return -1;
	if (code != CURLE_OK)
		return translate(run, code);
	if (!run->head_done) /* curl is content with a connection that closes within the headers */
		return error_set_cause(run->err, ERROR_UNAVAILABLE,
			"connection closed before the response's head was whole");
	return 0;
}

int http_client_run(
	struct http_client *client, const struct http_call *call, struct http_reply **out, struct error *err)
{
	assert(call->body_length >= 0 && (call->body_length == 0 || call->body || call->read));
	*out = NULL;
	if (strncasecmp(call->url, "http://", 7) != 0 && strncasecmp(call->url, "https://", 8) != 0)
		return error_set_cause(err, ERROR_INTERNAL, "neither an http nor an https URL");
	if (call->deadline_ms && clock_left_ms(call->deadline_ms) == 0)
		return error_set(err, ERROR_DEADLINE, NULL);
	CLEANUP(http_reply_cleanup) struct http_reply *reply = memory_alloc(sizeof(*reply));
	int moved = http_client_move(client, call, reply, err);
	if (moved < 0)
		return -1;
	if (moved) {
		*out = TAKE(reply);
		return 0;
	}
	struct run run = {.handle = borrow_handle(client),
		.addresses = client->addresses,
		.call = call,
		.reply = reply,
		.err = err};
	if (!run.handle)
		return error_set_cause(err, ERROR_INTERNAL, "curl_easy_init failed");
	int result = perform(client, &run);
	give_back(client, run.handle);
	if (result == -1)
		return -1;
	*out = TAKE(reply);
	return 0;
}
