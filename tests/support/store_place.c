/* SPDX-License-Identifier: MIT */
#include "support/store_place.h"

#include "support/cmocka.h"
#include "support/store_conformance.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

int store_place_again(const struct store_place *place, struct store **out, struct error *err)
{
	const struct store_descriptor descriptor = {
		.pk = 1, .type = place->driver->type, .bucket = place->bucket, .site = "default"};
	return place->driver->open(&place->environment, &descriptor, out, err);
}

static void open_in_tree(struct store_place *place, const struct store_driver *driver, const char *bucket)
{
	struct error err;
	place->driver = driver;
	place->bucket = bucket;
	place->environment = (struct store_environment){.store_root = place->tree, .stall_timeout_ms = 30000};
	if (store_place_again(place, &place->store, &err) != 0)
		fail_msg("open: %s (%s)", err.message, err.cause);
}

void store_place_open(struct store_place *place, const struct store_driver *driver, const char *bucket)
{
	scratch_make(place->tree);
	open_in_tree(place, driver, bucket);
}

void store_place_open_in_memory(
	struct store_place *place, const struct store_driver *driver, const char *bucket)
{
	scratch_make_in_memory(place->tree);
	open_in_tree(place, driver, bucket);
}

void store_place_close(struct store_place *place)
{
	place->driver->close(place->store);
	scratch_remove(place->tree);
}

const char *store_place_path(
	const struct store_place *place, const char *below, char out[STORE_PLACE_PATH_SIZE])
{
	snprintf(out, STORE_PLACE_PATH_SIZE, "%s/%s", place->tree, below);
	return out;
}

int store_place_temporaries(const struct store_place *place, const char *directory)
{
	char path[STORE_PLACE_PATH_SIZE];
	snprintf(path, sizeof(path), "%s/%s/.mediastore-tmp", place->tree, directory);
	return access(path, F_OK) == 0 ? scratch_count(path) : 0;
}

void store_place_python(const struct store_place *place, const char *program)
{
	int status;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		execl("/usr/bin/python3", "python3", "-c", program, place->tree, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int store_put_pattern(struct store *store, const char *key, unsigned seed, int64_t size, struct error *err)
{
	struct pattern_source source;
	pattern_source_init(&source, seed, size);
	return store_put(store, key, &source.base, NULL, err);
}

/* --- in a child */

static void expect_success(int status)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("the child failed: status %d (line %d modulo 250)", status, WEXITSTATUS(status) - 1);
}

void store_place_in_child(struct store_place *place, void (*run)(struct store_place *place))
{
	int status;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		run(place);
	assert_int_equal(waitpid(child, &status, 0), child);
	expect_success(status);
}

void store_place_on_small_disk(struct store_place *place, const char *size)
{
	char options[64];
	snprintf(options, sizeof(options), "size=%s", size);
	CHECK(unshare(CLONE_NEWNS) == 0);
	CHECK(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	CHECK(mount("small", place->tree, "tmpfs", 0, options) == 0);
}

void store_place_fail_calls(int call, int errnum)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)errnum),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(rules) / sizeof(rules[0]), rules};
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static bool changes_a_file(uint64_t call)
{
	static const int CHANGING[] = {
		SYS_write,
		SYS_pwrite64,
		SYS_writev,
		SYS_pwritev,
		SYS_fsync,
		SYS_fdatasync,
		SYS_ftruncate,
		SYS_fallocate,
		SYS_unlinkat,
		SYS_renameat,
		SYS_renameat2,
		SYS_linkat,
		SYS_mkdirat,
		SYS_copy_file_range,
		SYS_fchmod,
#ifdef SYS_unlink
		SYS_unlink,
		SYS_rename,
		SYS_mkdir,
#endif
	};
	for (size_t i = 0; i < sizeof(CHANGING) / sizeof(CHANGING[0]); i++)
		if ((uint64_t)CHANGING[i] == call)
			return true;
	return false;
}

/* Whether the stopped child is about to make such a call. */
static bool at_change(pid_t child)
{
	struct __ptrace_syscall_info info = {0};
	ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info);
	return info.op == PTRACE_SYSCALL_INFO_ENTRY && changes_a_file(info.entry.nr);
}

bool store_place_kill_at_call(struct store_place *place, void (*run)(struct store_place *place), int n)
{
	int status;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
		raise(SIGSTOP);
		run(place);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSTOPPED(status));
	ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	for (;;) {
		assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		if (!WIFSTOPPED(status)) {
			expect_success(status);
			return false;
		}
		if (WSTOPSIG(status) == (SIGTRAP | 0x80) && at_change(child) && n-- == 0)
			break;
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return true;
}
