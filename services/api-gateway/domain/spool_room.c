/* SPDX-License-Identifier: MIT */
#include "domain/spool_room.h"

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

static const char LOCK_NAME[] = ".room";

/* Room is taken in steps, so that the directory is looked through once in a while and not for every piece. */
enum { STEP_MIN = 1 << 20, STEP_MAX = 16 << 20, BLOCK = 512, FRESH_MS = 1000 };

struct spool_room {
	int directory;
	int64_t max;
	pthread_mutex_t lock;
	int64_t used, looked_ms; /* as last seen, with what was taken here since */
};

struct spool_room *spool_room_create(int directory, int64_t max)
{
	struct spool_room *room = memory_alloc(sizeof(*room));
	*room = (struct spool_room){.directory = directory, .max = max, .looked_ms = -FRESH_MS};
	pthread_mutex_init(&room->lock, NULL);
	return room;
}

void spool_room_free(struct spool_room *room)
{
	if (!room)
		return;
	pthread_mutex_destroy(&room->lock);
	free(room);
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

/* What the files take up, or may: their size or what is allocated for them. */
static int look(struct spool_room *room, struct error *err)
{
	CLEANUP(cleanup_fd) int fd = openat(room->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(close_directory) DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	if (!directory)
		return error_set_errno(err, errno, "read the spool directory");
	(void)TAKE_FD(fd);
	int64_t used = 0;
	struct stat info;
	for (struct dirent *entry; (entry = readdir(directory));)
		if (fstatat(room->directory, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISREG(info.st_mode))
			used += larger(info.st_size, (int64_t)info.st_blocks * BLOCK);
	room->used = used;
	room->looked_ms = clock_monotonic_ms();
	return 0;
}

static int lock_directory(const struct spool_room *room, struct error *err)
{
	int fd = openat(room->directory, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
	if (fd < 0)
		return error_set_errno(err, errno, "open the spool's lock");
	while (flock(fd, LOCK_EX))
		if (errno != EINTR) {
			error_set_errno(err, errno, "lock the spool");
			close(fd);
			return -1;
		}
	return fd;
}

/* Where the file system cannot allocate ahead, files count once they are written. */
static int allocate(int fd, int64_t from, int64_t length, struct error *err)
{
	while (fallocate(fd, FALLOC_FL_KEEP_SIZE, from, length)) {
		if (errno == EOPNOTSUPP || errno == ENOSYS)
			return 0;
		if (errno != EINTR)
			return error_set_errno(err, errno, "allocate room in the spool");
	}
	return 0;
}

/* From *taken to `end` at least; in steps that grow with the file, as long as there is plenty. */
static int grow(struct spool_room *room, int fd, int64_t end, int64_t *taken, struct error *err)
{
	int64_t need = end - *taken, left = room->max - room->used;
	if (need > left)
		return error_set(err, ERROR_FULL,
			"there is no room for uploads now; what waits for a store takes it up");
	int64_t step = larger(need, smaller(larger(STEP_MIN, *taken), STEP_MAX));
	int64_t length = smaller(step, larger(need, left / 8));
	if (allocate(fd, *taken, length, err))
		return -1;
	room->used += length;
	*taken += length;
	return 0;
}

/* Little is used, and that was seen a moment ago: no need to look again. */
static bool is_plenty(const struct spool_room *room, int64_t need)
{
	return clock_monotonic_ms() - room->looked_ms < FRESH_MS &&
	       room->used + larger(need, STEP_MAX) < room->max / 2;
}

int spool_room_take(struct spool_room *room, int fd, int64_t end, int64_t *taken, struct error *err)
{
	if (room->max == 0 || end <= *taken)
		return 0;
	LOCK_SCOPE(&room->lock);
	if (is_plenty(room, end - *taken))
		return grow(room, fd, end, taken, err);
	CLEANUP(cleanup_fd) int lock = lock_directory(room, err);
	if (lock < 0 || look(room, err))
		return -1;
	return grow(room, fd, end, taken, err);
}
