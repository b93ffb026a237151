/* SPDX-License-Identifier: MIT */
#ifndef STORE_STREAM_H
#define STORE_STREAM_H

/* Where bytes come from and where they go. Both are driven by the store; neither is thread-safe. */

#include "common/buf.h"
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct digest;
struct http_stream;

/* A transfer as others see it: how far it is, and whether it is to stop, or to rest, at its next buffer. */
struct transfer_watch {
	_Atomic bool cancelled;
	_Atomic int64_t done, total; /* bytes that have passed, that will pass (-1: unknown) */
	void (*between)(
		void *context); /* called on the transfer's thread after each buffer; NULL: nothing is */
	void *context;
};

enum { STREAM_BUFFER_SIZE = 256 * 1024 };

struct source {
	/* > 0 bytes, 0 at the end, -1 and *err. May give less than asked. */
	ssize_t (*read)(struct source *source, void *out, size_t size, struct error *err);
	/* Back to the first byte; NULL when it cannot. */
	int (*rewind)(struct source *source, struct error *err);
	int64_t size;     /* -1 unknown */
	const char *path; /* a file holding exactly these bytes that the store may take (link, rename)
			     instead of writing them, once it has read them to the end (unless it is settled);
			     NULL: none */
	const int *file; /* the same, open, and kept: the store may share its blocks (reflink); nobody changes
			     it meanwhile. NULL: none */
	bool settled;    /* that file was read and compared as it stands: who takes it may skip all of it */
	/* The SHA-256, 32 bytes each, of every JOB_BLOCK_SIZE bytes of that file: who has a server compare them with
	 * what it gets may skip those. NULL: unknown. */
	const unsigned char *blocks;
	/* In place of read(), as `settled` and `blocks` allow: the next `length` bytes were taken otherwise. Nothing is
	 * read behind them. NULL where neither is. */
	int (*pass_over)(struct source *source, int64_t length, struct error *err);
	char *receipt; /* of 33 bytes: gets what the store answers with as the MD5 of all bytes, in hex, though it may
			     be none; "" or untouched when it answers with nothing. NULL: nobody asks */
};

struct sink {
	/* 0; -1 and *err stops the transfer, which then fails with that error. */
	int (*write)(struct sink *sink, const void *bytes, size_t length, struct error *err);
	/* In place of write(), where many bytes come by a connection and need not pass through memory: takes all of
	 * them, or fails; stream->failed tells whose failure it is. NULL: they do pass. */
	int (*move)(struct sink *sink, struct http_stream *stream, struct error *err);
};

/* --- sources */

/* Bytes in memory, borrowed. */
struct memory_source {
	struct source base;
	const unsigned char *bytes;
	size_t length, at;
};
void memory_source_init(struct memory_source *source, const void *bytes, size_t length);

/* A regular file; base.path is set, so the store may take it. `path` is borrowed. NOT_FOUND; symbolic links
 * are refused. */
struct file_source {
	struct source base;
	int fd;
};
MUST_CHECK int file_source_open(struct file_source *source, const char *path, struct error *err);
/* The same with an open file, which becomes the source's (closed on failure too) and which no store may take. */
MUST_CHECK int file_source_adopt(struct file_source *source, int fd, struct error *err);
void file_source_release(struct file_source *source);

/* Hashes what passes and is not skipped, and fails in place of the end with CHECKSUM when the bytes are not the expected ones:
 * since store_put() asks for the end before it hands on the last byte, wrong bytes never become visible. With
 * a deadline it stops with DEADLINE, also instead of the end; when its watch is cancelled, with CANCELLED. */
struct hashing_source {
	struct source base;
	struct source *inner;
	struct digest *digest;
	const char *expected;         /* hex SHA-256; NULL: none */
	int64_t deadline_unix_ms;     /* 0: none */
	struct transfer_watch *watch; /* NULL: none; set after init */
	struct digest *also; /* another one that the same bytes pass; NULL: none; set after init, borrowed */
	int64_t count;
	bool skipped;    /* so the hash is the expected one */
	char sha256[65]; /* once the end was seen, else "" */
};
/* `inner` and `expected` are borrowed. The path is passed on: a store that takes the file reads it
 * all the same, unless it is settled. */
void hashing_source_init(
	struct hashing_source *source, struct source *inner, const char *expected, int64_t deadline_unix_ms);
void hashing_source_release(struct hashing_source *source);

/* --- sinks */

/* Collects at most `limit` bytes, then TOO_LARGE. */
struct memory_sink {
	struct sink base;
	struct buf bytes;
	size_t limit;
};
void memory_sink_init(struct memory_sink *sink, size_t limit);
void memory_sink_release(struct memory_sink *sink);

/* Hashes and counts what passes, keeps nothing. */
struct hashing_sink {
	struct sink base;
	struct digest *digest;
	int64_t count;
	int64_t deadline_unix_ms;     /* 0: none */
	struct transfer_watch *watch; /* NULL: none; set after init */
};
void hashing_sink_init(struct hashing_sink *sink, int64_t deadline_unix_ms);
/* The hex SHA-256 of all that passed. */
void hashing_sink_finish(struct hashing_sink *sink, char out[65]);
void hashing_sink_release(struct hashing_sink *sink);

#endif
