/* SPDX-License-Identifier: MIT */
#include "common/beneath.h"

#include "common/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ATTEMPTS = 100 };

int beneath_open(int directory, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	/* EAGAIN: something was renamed while the kernel looked; whether the path led out is unknown */
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		long fd = syscall(SYS_openat2, directory, *path ? path : ".", &how, sizeof(how));
		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN && errno != EINTR)
			return -1;
	}
	return -1;
}

static int open_directory(int directory, const char *path)
{
	return beneath_open(directory, path, O_RDONLY | O_DIRECTORY, 0);
}

/* Makes `name` in `parent`. One that stands already is synced too: its maker may not have come that far. */
static int make_one(int parent, const char *name)
{
	if (mkdirat(parent, name, 0777) != 0 && errno != EEXIST)
		return -1;
	return fsync(parent);
}

int beneath_make(int directory, const char *path)
{
	char prefix[BENEATH_PATH_MAX + 1];
	size_t length = strlen(path), start = 0;
	if (length > BENEATH_PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(prefix, path, length + 1);
	while (start < length) {
		/* prefix: the parent up to start, then the segment */
		size_t end = start + strcspn(path + start, "/");
		prefix[start ? start - 1 : 0] = '\0';
		CLEANUP(cleanup_fd) int parent = open_directory(directory, prefix);
		memcpy(prefix, path, end);
		prefix[end] = '\0';
		if (parent < 0 || make_one(parent, prefix + start) != 0)
			return -1;
		start = end + 1;
	}
	return 0;
}

int beneath_parent(int directory, const char *path, bool make, const char **leaf)
{
	char prefix[BENEATH_PATH_MAX + 1];
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;
	if (length > BENEATH_PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(prefix, path, length);
	prefix[length] = '\0';
	*leaf = slash ? slash + 1 : path;
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		int fd = open_directory(directory, prefix);
		if (fd >= 0 || errno != ENOENT || !make)
			return fd;
		if (beneath_make(directory, prefix) != 0 && errno != ENOENT)
			return -1;
	}
	return -1;
}

void beneath_prune(int directory, const char *path)
{
	char prefix[BENEATH_PATH_MAX + 1];
	size_t length = strlen(path);
	if (length > BENEATH_PATH_MAX)
		return;
	memcpy(prefix, path, length + 1);
	for (char *slash; (slash = strrchr(prefix, '/')) != NULL;) {
		*slash = '\0';
		const char *leaf;
		CLEANUP(cleanup_fd) int parent = beneath_parent(directory, prefix, false, &leaf);
		if (parent < 0 || unlinkat(parent, leaf, AT_REMOVEDIR) != 0)
			return;
	}
}
