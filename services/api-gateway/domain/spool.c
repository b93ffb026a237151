/* SPDX-License-Identifier: MIT */
#include "domain/spool.h"

#include "common/arena.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/memory.h"
#include "common/ticket.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static const char PART[] = ".part";
static const char CLAIM[] = "spool:"; /* so that a worker's ticket is never taken for one of ours */
enum { NAME_SIZE = RANDOM_UUID_SIZE + sizeof(PART) };

struct spool {
	char *directory;
	int fd;
	const char *internal_url, *service_key;
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
	*spool = (struct spool){memory_strdup(directory), TAKE_FD(fd), internal_url, service_key};
	*out = spool;
	return 0;
}

void spool_free(struct spool *spool)
{
	if (!spool)
		return;
	close(spool->fd);
	free(spool->directory);
	free(spool);
}

static const char *part_name(const char *name, char out[NAME_SIZE])
{
	snprintf(out, NAME_SIZE, "%s%s", name, PART);
	return out;
}

int spool_file_create(struct spool *spool, struct spool_file *out, struct error *err)
{
	struct spool_file file = {.fd = -1};
	char part[NAME_SIZE];
	random_uuid(file.name);
	file.fd =
		openat(spool->fd, part_name(file.name, part), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0660);
	if (file.fd < 0)
		return error_set_errno(err, errno, "create a spool file");
	*out = file;
	return 0;
}

int spool_file_write(struct spool_file *file, const void *bytes, size_t length, struct error *err)
{
	const char *at = bytes;
	while (length > 0) {
		ssize_t written = write(file->fd, at, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_set_errno(err, errno, "write to a spool file");
		at += written;
		length -= (size_t)written;
	}
	return 0;
}

int spool_file_finish(struct spool *spool, struct spool_file *file, bool durable, struct error *err)
{
	char part[NAME_SIZE];
	if (durable && fsync(file->fd))
		return error_set_errno(err, errno, "sync a spool file");
	int fd = TAKE_FD(file->fd);
	if (close(fd))
		return error_set_errno(err, errno, "close a spool file");
	if (renameat(spool->fd, part_name(file->name, part), spool->fd, file->name))
		return error_set_errno(err, errno, "name a spool file");
	if (durable && fsync(spool->fd))
		return error_set_errno(err, errno, "sync the spool directory");
	return 0;
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
