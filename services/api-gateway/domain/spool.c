/* SPDX-License-Identifier: MIT */
#include "domain/spool.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/memory.h"
#include "common/ticket.h"
#include "domain/spool_room.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static const char PART[] = ".part";
static const char CLAIM[] = "spool:"; /* so that a worker's ticket is never taken for one of ours */
enum { NAME_SIZE = RANDOM_UUID_SIZE + sizeof(PART) };

struct spool {
	char *directory;
	int fd;
	const char *internal_url, *service_key;
	struct spool_room *room;
};

int spool_create(const char *directory, const char *internal_url, const char *service_key, struct spool **out,
	struct error *err)
{
	if (mkdir(directory, 0770) && errno != EEXIST)
		return error_set_errno(err, errno, "create the spool directory");
	CLEANUP(cleanup_fd) int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, errno, "open the spool directory");
	if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS))
		return error_set_errno(err, errno, "write to the spool directory");
	struct spool *spool = memory_alloc(sizeof(*spool));
	*spool = (struct spool){memory_strdup(directory), TAKE_FD(fd), internal_url, service_key, NULL};
	spool->room = spool_room_create(spool->fd, 0);
	*out = spool;
	return 0;
}

void spool_free(struct spool *spool)
{
	if (!spool)
		return;
	spool_room_free(spool->room);
	close(spool->fd);
	free(spool->directory);
	free(spool);
}

void spool_set_limit(struct spool *spool, int64_t bytes)
{
	spool_room_free(spool->room);
	spool->room = spool_room_create(spool->fd, bytes);
}

static const char *part_name(const char *name, char out[NAME_SIZE])
{
	snprintf(out, NAME_SIZE, "%s%s", name, PART);
	return out;
}

int spool_file_create(struct spool *spool, struct spool_file *out, struct error *err)
{
	struct spool_file file = {.fd = -1, .room = spool->room};
	char part[NAME_SIZE];
	random_uuid(file.name);
	file.fd = openat(spool->fd, part_name(file.name, part), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0660);
	if (file.fd < 0)
		return error_set_errno(err, errno, "create a spool file");
	*out = file;
	return 0;
}

int spool_file_write(struct spool_file *file, const void *bytes, size_t length, struct error *err)
{
	const char *at = bytes;
	if (file->room &&
		spool_room_take(file->room, file->fd, file->written + (int64_t)length, &file->taken, err))
		return -1;
	while (length > 0) {
		ssize_t written = write(file->fd, at, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_set_errno(err, errno, "write to a spool file");
		at += written;
		length -= (size_t)written;
		file->written += written;
	}
	if (file->for_disk)
		write_behind_advance(&file->behind, file->fd, file->written);
	return 0;
}

/* The room that was taken ahead and not needed. */
static int give_back(struct spool_file *file, struct error *err)
{
	if (file->taken > file->written && ftruncate(file->fd, file->written))
		return error_set_errno(err, errno, "cut a spool file");
	file->taken = file->written;
	return 0;
}

static int give_name(struct spool *spool, struct spool_file *file, bool durable, struct error *err)
{
	char part[NAME_SIZE];
	/* it may have its name already, from a turn that came this far and no further */
	if (renameat(spool->fd, part_name(file->name, part), spool->fd, file->name) &&
		faccessat(spool->fd, file->name, F_OK, 0))
		return error_set_errno(err, errno, "name a spool file");
	if (durable && fsync(spool->fd))
		return error_set_errno(err, errno, "sync the spool directory");
	return 0;
}

int spool_file_finish(struct spool *spool, struct spool_file *file, bool durable, struct error *err)
{
	if (give_back(file, err))
		return -1;
	if (durable && fsync(file->fd))
		return error_set_errno(err, errno, "sync a spool file");
	if (file->for_disk && !durable)
		write_behind_all(file->fd); /* until its store syncs it */
	int fd = TAKE_FD(file->fd);
	if (close(fd))
		return error_set_errno(err, errno, "close a spool file");
	return give_name(spool, file, durable, err);
}

static int open_part(const struct spool *spool, const char *name)
{
	char part[NAME_SIZE];
	int fd = openat(spool->fd, part_name(name, part), O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	return openat(spool->fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC); /* named, but no more than that */
}

int spool_file_name(struct spool *spool, struct spool_file *file, struct error *err)
{
	if (give_back(file, err))
		return -1;
	if (fsync(file->fd))
		return error_set_errno(err, errno, "sync a spool file");
	return give_name(spool, file, true, err);
}

int spool_file_read(struct spool *spool, const char *name, int *out_fd, struct error *err)
{
	int fd = open_part(spool, name);
	if (fd < 0)
		return error_set_errno(err, errno, "open a spool file");
	*out_fd = fd;
	return 0;
}

int spool_file_leave(struct spool *spool, struct spool_file *file, struct error *err)
{
	spool_file_close(file);
	return fsync(spool->fd) ? error_set_errno(err, errno, "sync the spool directory") : 0;
}

int spool_file_lock(struct spool *spool, const char *name, struct spool_file *out, struct error *err)
{
	struct spool_file file = {.fd = -1, .room = spool->room, .for_disk = true};
	CLEANUP(cleanup_fd) int fd = open_part(spool, name);
	if (fd < 0)
		return error_set_errno(err, errno, "open a spool file");
	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? error_set(err, ERROR_LOCKED, NULL)
					    : error_set_errno(err, errno, "lock a spool file");
	snprintf(file.name, sizeof(file.name), "%s", name);
	file.fd = TAKE_FD(fd);
	*out = file;
	return 0;
}

int spool_file_continue(struct spool_file *file, int64_t size, struct error *err)
{
	struct stat info;
	if (fstat(file->fd, &info))
		return error_set_errno(err, errno, "look at a spool file");
	if (info.st_size < size)
		return error_set(err, ERROR_CONFLICT, "bytes that were received are missing from the spool");
	if (ftruncate(file->fd, size) || lseek(file->fd, size, SEEK_SET) < 0)
		return error_set_errno(err, errno, "continue a spool file");
	file->written = file->taken = file->behind.begun = size;
	return 0;
}

int spool_file_sync(struct spool_file *file, struct error *err)
{
	return fdatasync(file->fd) ? error_set_errno(err, errno, "sync a spool file") : 0;
}

void spool_file_close(struct spool_file *file)
{
	struct error ignored;
	if (file->fd < 0)
		return;
	if (file->taken > file->written)
		(void)!give_back(file, &ignored);
	close(TAKE_FD(file->fd));
}

void spool_file_state(const struct spool *spool, const char *name, char out[FILE_STATE_SIZE])
{
	struct stat info;
	*out = '\0';
	if (fstatat(spool->fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0)
		file_state_print(&info, out);
}

void spool_remove(struct spool *spool, const char *name)
{
	char part[NAME_SIZE];
	unlinkat(spool->fd, name, 0);
	unlinkat(spool->fd, part_name(name, part), 0);
}

void spool_file_discard(struct spool *spool, struct spool_file *file)
{
	if (file->fd >= 0)
		close(TAKE_FD(file->fd));
	if (*file->name)
		spool_remove(spool, file->name);
	file->name[0] = '\0';
}

const char *spool_path(const struct spool *spool, struct arena *arena, const char *name)
{
	return arena_printf(arena, "%s/%s", spool->directory, name);
}

const char *spool_ticket_url_at(const struct spool *spool, struct arena *arena, const char *base,
	const char *name, int64_t expires_unix_ms)
{
	CLEANUP(buf_release) struct buf ticket = {0};
	const char *claim = arena_printf(arena, "%s%s", CLAIM, name);
	ticket_sign(spool->service_key, claim, strlen(claim), expires_unix_ms, &ticket);
	return arena_printf(arena, "%s/internal/bytes/%s", base, ticket.data);
}

const char *spool_ticket_url(
	const struct spool *spool, struct arena *arena, const char *name, int64_t expires_unix_ms)
{
	return spool_ticket_url_at(spool, arena, spool->internal_url, name, expires_unix_ms);
}

const char *spool_url(const struct spool *spool)
{
	return spool->internal_url;
}

static bool is_file_name(const char *name)
{
	return strlen(name) == RANDOM_UUID_SIZE - 1 &&
	       strspn(name, "0123456789abcdef-") == RANDOM_UUID_SIZE - 1;
}

int spool_open_ticket(
	const struct spool *spool, const char *ticket, int *out_fd, int64_t *out_size, struct error *err)
{
	CLEANUP(buf_release) struct buf claim = {0};
	if (ticket_verify(spool->service_key, ticket, clock_unix_ms(), &claim, err))
		return -1;
	const size_t prefix = sizeof(CLAIM) - 1;
	if (claim.length < prefix || memcmp(claim.data, CLAIM, prefix) != 0 ||
		!is_file_name(claim.data + prefix))
		return error_set(err, ERROR_FORBIDDEN, "the ticket is not for a spool file");
	CLEANUP(cleanup_fd)
	int fd = openat(spool->fd, claim.data + prefix, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat info;
	if (fd < 0 || fstat(fd, &info))
		return error_set_errno(err, errno, "open a spool file");
	*out_size = info.st_size;
	*out_fd = TAKE_FD(fd);
	return 0;
}

/* True for a file of ours, finished or not, that nobody wrote to for grace_ms. */
static bool is_stale(struct spool *spool, const char *entry, int64_t grace_ms, char name[NAME_SIZE])
{
	struct stat info;
	snprintf(name, RANDOM_UUID_SIZE, "%.*s", RANDOM_UUID_SIZE - 1, entry);
	const char *tail = strlen(entry) >= RANDOM_UUID_SIZE - 1 ? entry + RANDOM_UUID_SIZE - 1 : "?";
	if (!is_file_name(name) || (*tail && strcmp(tail, PART) != 0))
		return false;
	if (fstatat(spool->fd, entry, &info, AT_SYMLINK_NOFOLLOW) || !S_ISREG(info.st_mode))
		return false;
	return clock_unix_ms() - (int64_t)info.st_mtime * 1000 > grace_ms;
}

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

struct spool_usage spool_usage(struct spool *spool)
{
	CLEANUP(close_directory) DIR *directory = opendir(spool->directory);
	struct spool_usage usage = {0};
	struct statvfs room;
	for (struct dirent *entry; directory && (entry = readdir(directory));) {
		struct stat info;
		if (fstatat(spool->fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) || !S_ISREG(info.st_mode))
			continue;
		usage.files++;
		usage.bytes += info.st_size;
	}
	if (fstatvfs(spool->fd, &room) == 0)
		usage.free_bytes = (int64_t)(room.f_bavail * room.f_frsize);
	return usage;
}

int spool_sweep(struct spool *spool, int64_t grace_ms, bool (*is_needed)(void *context, const char *name),
	void *context)
{
	CLEANUP(close_directory) DIR *directory = opendir(spool->directory);
	int removed = 0;
	for (struct dirent *entry; directory && (entry = readdir(directory));) {
		char name[NAME_SIZE];
		if (!is_stale(spool, entry->d_name, grace_ms, name) || is_needed(context, name))
			continue;
		spool_remove(spool, name);
		removed++;
	}
	return removed;
}
