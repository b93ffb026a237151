/* SPDX-License-Identifier: MIT */
#include "drivers/temporary.h"

#include "common/beneath.h"
#include "common/cleanup.h"
#include "common/random.h"
#include "store/key.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ATTEMPTS = 100, UNLOCKABLE_AGE_S = 24 * 3600 };

static const struct temporary NONE = {.directory = -1, .fd = -1};

int temporary_open_area(int root)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
	int fd = beneath_open(root, STORE_TEMPORARY_NAME, flags, 0);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (mkdirat(root, STORE_TEMPORARY_NAME, 0700) != 0 && errno != EEXIST)
		return -1;
	return beneath_open(root, STORE_TEMPORARY_NAME, flags, 0);
}

/* True when the file is ours: locked, and not unlinked by a cleaner that was faster. A file system without
 * locks counts as locked. */
static bool lock_new(int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return false;
	struct stat status;
	return fstat(fd, &status) == 0 && status.st_nlink > 0;
}

int temporary_create(struct temporary *temporary, int root)
{
	*temporary = NONE;
	temporary->directory = temporary_open_area(root);
	if (temporary->directory < 0)
		return -1;
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		random_hex(temporary->name, sizeof(temporary->name) / 2);
		temporary->fd = openat(
			temporary->directory, temporary->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (temporary->fd < 0)
			break;
		temporary->named = true;
		if (lock_new(temporary->fd))
			return 0;
		unlinkat(temporary->directory, temporary->name, 0);
		close(temporary->fd);
		*temporary = (struct temporary){.directory = temporary->directory, .fd = -1};
	}
	int reason = errno;
	temporary_release(temporary);
	errno = reason;
	return -1;
}

/* The name was given to what stands at the path now: is that still the file that was opened? */
static bool names_same_file(const struct temporary *temporary)
{
	struct stat opened, named;
	return fstat(temporary->fd, &opened) == 0 && S_ISREG(opened.st_mode) &&
	       fstatat(temporary->directory, temporary->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

int temporary_link(struct temporary *temporary, int root, const char *path)
{
	*temporary = NONE;
	temporary->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	temporary->directory = temporary->fd < 0 ? -1 : temporary_open_area(root);
	if (temporary->directory >= 0) {
		flock(temporary->fd,
			LOCK_EX | LOCK_NB); /* held by its maker instead: the same to a cleaner */
		random_hex(temporary->name, sizeof(temporary->name) / 2);
		temporary->named = linkat(AT_FDCWD, path, temporary->directory, temporary->name, 0) == 0;
		if (temporary->named && names_same_file(temporary))
			return 0;
		if (temporary->named)
			errno = EXDEV;
	}
	int reason = errno;
	temporary_release(temporary);
	errno = reason;
	return -1;
}

int temporary_rename(struct temporary *temporary, int directory, const char *name)
{
	if (renameat(temporary->directory, temporary->name, directory, name) != 0)
		return -1;
	/* both were names of one file already: rename() has then done nothing */
	unlinkat(temporary->directory, temporary->name, 0);
	temporary->named = false;
	return 0;
}

void temporary_release(struct temporary *temporary)
{
	if (temporary->named)
		unlinkat(temporary->directory, temporary->name, 0);
	if (temporary->fd >= 0)
		close(temporary->fd);
	if (temporary->directory >= 0)
		close(temporary->directory);
	*temporary = NONE;
}

static void clean_one(int directory, const char *name)
{
	CLEANUP(cleanup_fd) int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;
	if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return;
	bool abandoned = flock(fd, LOCK_EX | LOCK_NB) == 0;
	if (!abandoned && errno != EWOULDBLOCK) /* no locks here: by age */
		abandoned = time(NULL) - status.st_mtime > UNLOCKABLE_AGE_S;
	if (abandoned)
		unlinkat(directory, name, 0);
}

void temporary_clean(int root)
{
	int area = beneath_open(root, STORE_TEMPORARY_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (area < 0)
		return;
	DIR *entries = fdopendir(area);
	if (!entries) {
		close(area);
		return;
	}
	for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
		if (entry->d_name[0] != '.')
			clean_one(area, entry->d_name);
	closedir(entries);
}
