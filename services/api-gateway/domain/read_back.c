/* SPDX-License-Identifier: MIT */
#include "domain/read_back.h"

#include "common/cleanup.h"
#include "common/crc32c.h"
#include "common/memory.h"
#include "domain/checksums.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

enum { PIECE_SIZE = 128 * 1024 };

struct read_back {
	int fd;
	struct checksummer *summer;
	uint32_t written_crc; /* the writer's */
	pthread_t thread;
	char *piece; /* the thread's, as what follows */
	int64_t at;
	uint32_t crc;
	int failure; /* errno; -1: the file has fewer bytes */

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t changed;
	int64_t written;
	bool waiting, over, abandoned;
};

/* How far the file was written, once that is further than `at`; the same when no more comes; -1: it does not matter any
 * more. */
static int64_t wait_for_more(struct read_back *read_back)
{
	LOCK_SCOPE(&read_back->lock);
	while (read_back->written == read_back->at && !read_back->over) {
		read_back->waiting = true;
		pthread_cond_wait(&read_back->changed, &read_back->lock);
	}
	read_back->waiting = false;
	return read_back->abandoned ? -1 : read_back->written;
}

static int read_to(struct read_back *read_back, int64_t end)
{
	while (read_back->at < end) {
		int64_t left = end - read_back->at;
		size_t want = left < PIECE_SIZE ? (size_t)left : PIECE_SIZE;
		ssize_t got = pread(read_back->fd, read_back->piece, want, read_back->at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? errno : -1;
		checksummer_update(read_back->summer, read_back->piece, (size_t)got);
		read_back->crc = crc32c_update(read_back->crc, read_back->piece, (size_t)got);
		read_back->at += got;
	}
	return 0;
}

static void *run(void *context)
{
	struct read_back *read_back = context;
	int64_t end;
	while (!read_back->failure && (end = wait_for_more(read_back)) > read_back->at)
		read_back->failure = read_to(read_back, end);
	return NULL;
}

static void release(struct read_back *read_back)
{
	pthread_cond_destroy(&read_back->changed);
	pthread_mutex_destroy(&read_back->lock);
	free(read_back->piece);
	free(read_back);
}

struct read_back *read_back_start(int fd, struct checksummer *summer)
{
	struct read_back *read_back = memory_alloc(sizeof(*read_back));
	*read_back = (struct read_back){.fd = fd, .summer = summer, .piece = memory_alloc(PIECE_SIZE)};
	pthread_mutex_init(&read_back->lock, NULL);
	pthread_cond_init(&read_back->changed, NULL);
	if (pthread_create(&read_back->thread, NULL, run, read_back) == 0)
		return read_back;
	release(read_back);
	return NULL;
}

void read_back_note(struct read_back *read_back, const void *bytes, size_t length)
{
	read_back->written_crc = crc32c_update(read_back->written_crc, bytes, length);
	LOCK_SCOPE(&read_back->lock);
	read_back->written += (int64_t)length;
	if (read_back->waiting)
		pthread_cond_signal(&read_back->changed);
}

static void join(struct read_back *read_back, bool abandon)
{
	pthread_mutex_lock(&read_back->lock);
	read_back->over = true;
	read_back->abandoned = abandon;
	pthread_cond_signal(&read_back->changed);
	pthread_mutex_unlock(&read_back->lock);
	pthread_join(read_back->thread, NULL);
}

int read_back_end(struct read_back *read_back, struct error *err)
{
	int result = 0;
	join(read_back, false);
	if (read_back->failure > 0)
		result = error_set_errno(err, read_back->failure, "read a spool file back");
	else if (read_back->failure || read_back->crc != read_back->written_crc)
		result = error_set_cause(err, ERROR_INTERNAL,
			"the spool gives other bytes back than were written (CRC-32C %08x, not %08x)",
			read_back->crc, read_back->written_crc);
	release(read_back);
	return result;
}

void read_back_abandon(struct read_back *read_back)
{
	if (!read_back)
		return;
	join(read_back, true);
	release(read_back);
}
