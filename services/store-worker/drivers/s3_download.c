/* SPDX-License-Identifier: MIT */
#include "drivers/s3_download.h"

#include "common/cleanup.h"
#include "common/http_stream.h"
#include "drivers/s3_request.h"
#include "drivers/s3_retry.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ETAG_SIZE = 256, RANGE_SIZE = 64 };
/* So many bytes since the last cut are progress: the count of retries begins anew. */
#define PROGRESS_BYTES (INT64_C(1) << 20)

struct download {
	struct sink *sink;
	int64_t last; /* as asked for; -1: to the end */
	int64_t next; /* the byte the sink waits for */
	int64_t end;  /* behind the last byte that will come; -1 until a reply told */
	char etag[ETAG_SIZE];
};

static bool wants_range(const struct download *download)
{
	return download->next > 0 || download->last >= 0;
}

static int unusable(struct error *err, const char *what)
{
	return error_set_cause(err, ERROR_UNAVAILABLE, "S3 GET: %s", what);
}

static bool take_number(const char **text, char stop, int64_t *out)
{
	char *end;
	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	*out = strtoll(*text, &end, 10);
	if (errno || *end != stop)
		return false;
	*text = end + (stop != '\0');
	return true;
}

/* "bytes 0-9/100" */
static int read_content_range(const char *text, int64_t *first, int64_t *last)
{
	if (!text || strncmp(text, "bytes ", 6) != 0)
		return -1;
	text += 6;
	return take_number(&text, '-', first) && take_number(&text, '/', last) && *first <= *last ? 0 : -1;
}

/* Where the bytes of this reply begin and end. */
static int read_extent(const struct download *download, const struct http_reply *reply, int64_t *first,
	int64_t *end, struct error *err)
{
	int64_t last;
	if (wants_range(download)) {
		if (http_reply_status(reply) != 206 ||
			read_content_range(http_reply_header(reply, "content-range"), first, &last) == -1)
			return unusable(err, "the server does not honour Range");
		*end = last + 1;
		return 0;
	}
	const char *length = http_reply_header(reply, "content-length");
	*first = 0;
	if (http_reply_status(reply) != 200 || !length || !take_number(&length, '\0', end))
		return unusable(err, "no usable Content-Length");
	return 0;
}

static int keep_etag(struct download *download, const struct http_reply *reply, struct error *err)
{
	const char *etag = http_reply_header(reply, "etag");
	size_t length = etag ? strlen(etag) : 0;
	if (length >= ETAG_SIZE)
		return unusable(err, "no usable ETag");
	if (!etag)
		return download->etag[0] ? unusable(err, "no ETag any more") : 0;
	if (download->etag[0] && strcmp(download->etag, etag) != 0)
		return error_set(err, ERROR_UNAVAILABLE, "object changed while it was being read");
	memcpy(download->etag, etag, length + 1);
	return 0;
}

static int begin_body(void *context, const struct http_reply *reply, struct error *err)
{
	struct download *download = context;
	int64_t first, end;
	if (keep_etag(download, reply, err) == -1 || read_extent(download, reply, &first, &end, err) == -1)
		return -1;
	if (first != download->next || (download->end >= 0 && download->end != end))
		return unusable(err, "another range than asked for");
	download->end = end;
	return 0;
}

static int pass_on(void *context, const void *bytes, size_t length, struct error *err)
{
	struct download *download = context;
	if ((int64_t)length > download->end - download->next)
		return unusable(err, "more bytes than announced");
	if (download->sink->write(download->sink, bytes, length, err) == -1)
		return -1;
	download->next += (int64_t)length;
	return 0;
}

static int pass_stream(void *context, struct http_stream *stream, struct error *err)
{
	struct download *download = context;
	int64_t before = stream->left;
	if (before > download->end - download->next)
		return unusable(err, "more bytes than announced");
	int result = download->sink->move(download->sink, stream, err);
	download->next += before - stream->left;
	return result;
}

static bool is_whole(const struct download *download)
{
	return download->end >= 0 && download->next == download->end;
}

/* One request for everything that is still missing. *transient: the connection broke. */
static int fetch_rest(const struct s3_bucket *bucket, const char *key, struct download *download,
	bool *transient, struct error *err)
{
	char range[RANGE_SIZE];
	struct sigv4_pair headers[3] = {{NULL, NULL}};
	size_t count = 0;
	if (wants_range(download)) {
		if (download->last >= 0)
			snprintf(range, sizeof(range), "bytes=%" PRId64 "-%" PRId64, download->next,
				download->last);
		else
			snprintf(range, sizeof(range), "bytes=%" PRId64 "-", download->next);
		headers[count++] = (struct sigv4_pair){"range", range};
	}
	if (download->etag[0])
		headers[count++] = (struct sigv4_pair){"if-match", download->etag};
	headers[count] = (struct sigv4_pair){NULL, NULL};

	const struct s3_request request = {.method = "GET",
		.key = key,
		.headers = headers,
		.head = begin_body,
		.write = pass_on,
		.move = download->sink->move ? pass_stream : NULL,
		.context = download};
	CLEANUP(s3_answer_release) struct s3_answer answer = {0};
	int result = s3_request_once(bucket, &request, &answer, err);
	*transient = answer.error.transient;
	/* without a body there was no first byte to look before */
	if (result == 0 && download->end < 0)
		result = begin_body(download, answer.reply, err);
	if (result == -1 || is_whole(download))
		return result;
	*transient = true;
	return unusable(err, "fewer bytes than announced");
}

int s3_download_run(const struct s3_bucket *bucket, const char *key, int64_t first, int64_t last,
	struct sink *sink, struct error *err)
{
	struct download download = {.sink = sink, .last = last, .next = first, .end = -1};
	struct s3_retry retry = {0};
	for (;;) {
		bool transient;
		int64_t before = download.next;
		if (fetch_rest(bucket, key, &download, &transient, err) == 0)
			return 0;
		if (transient && is_whole(&download))
			return 0;
		/* without an ETag nothing tells whether the rest is the rest of the same object */
		if (!transient || (download.next > first && !download.etag[0]))
			break;
		if (download.next - before >= PROGRESS_BYTES)
			retry = (struct s3_retry){0};
		if (!s3_retry_pause(&retry, bucket->stall_timeout_ms))
			break;
	}
	/* the object that was there at the first byte is gone: too late to be NOT_FOUND or RANGE */
	if (download.etag[0] && (err->code == ERROR_NOT_FOUND || err->code == ERROR_RANGE))
		return error_set(err, ERROR_UNAVAILABLE, "object changed while it was being read");
	return -1;
}
