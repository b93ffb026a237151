/* SPDX-License-Identifier: MIT */
#include "drivers/place.h"

#include "common/beneath.h"
#include "common/cleanup.h"
#include "common/memory.h"
#include "drivers/file_error.h"
#include "store/key.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int place_init(struct place *place, const char *store_root, const char *bucket, struct error *err)
{
	const char *path = bucket ? bucket : "";
	path += strspn(path, "/");
	*place = (struct place){.tree = memory_strdup(store_root), .bucket = memory_strdup(path)};
	for (size_t end = strlen(path); end && path[end - 1] == '/'; end--)
		place->bucket[end - 1] = '\0';
	if (*place->bucket && (key_check(place->bucket, err) != 0 || key_check_path(place->bucket, err) != 0))
		return error_prefix(err, "the store's path: ");
	return 0;
}

void place_release(struct place *place)
{
	free(place->tree);
	free(place->bucket);
	*place = (struct place){NULL, NULL};
}

static int open_tree(const struct place *place, struct error *err)
{
	int tree = open(place->tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tree >= 0)
		return tree;
	error_set(err, ERROR_UNAVAILABLE, "the worker's store root cannot be opened");
	return error_add_cause(err, "open MEDIASTORE_STORE_ROOT: %s", strerror(errno));
}

static int unusable(struct error *err)
{
	file_error(err, errno, "open store directory");
	if (err->code == ERROR_NOT_FOUND)
		err->code = ERROR_UNAVAILABLE;
	snprintf(err->message, sizeof(err->message), "the store's directory cannot be used");
	return -1;
}

int place_open_directory(const struct place *place, bool make, struct error *err)
{
	CLEANUP(cleanup_fd) int tree = open_tree(place, err);
	if (tree < 0)
		return -1;
	int root = beneath_open(tree, place->bucket, O_RDONLY | O_DIRECTORY, 0);
	if (root < 0 && errno == ENOENT && make && beneath_make(tree, place->bucket) == 0)
		root = beneath_open(tree, place->bucket, O_RDONLY | O_DIRECTORY, 0);
	return root >= 0 ? root : unusable(err);
}

int place_open_parent(const struct place *place, bool make, const char **leaf, struct error *err)
{
	CLEANUP(cleanup_fd) int tree = open_tree(place, err);
	if (tree < 0)
		return -1;
	int parent = beneath_parent(tree, place->bucket, make, leaf);
	return parent >= 0 ? parent : unusable(err);
}
