/* SPDX-License-Identifier: MIT */
#ifndef COMMON_CLEANUP_H
#define COMMON_CLEANUP_H

/*
 * Scoped ownership of what is not in an arena: descriptors, FILEs, heap blocks, locks.
 *
 *	CLEANUP(cleanup_fd) int fd = open(...);	closed when the scope ends
 *	return TAKE_FD(fd);			handed over instead
 *
 * Modules give their own types a cleanup function next to the free function they already have.
 */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

/* Yields the pointer and leaves NULL behind, so that the scope's cleanup does nothing. */
#define TAKE(pointer)                                                                                        \
	__extension__({                                                                                      \
		__typeof__(pointer) taken_ = (pointer);                                                      \
		(pointer) = NULL;                                                                            \
		taken_;                                                                                      \
	})
#define TAKE_FD(fd)                                                                                          \
	__extension__({                                                                                      \
		int taken_ = (fd);                                                                           \
		(fd) = -1;                                                                                   \
		taken_;                                                                                      \
	})

static inline void cleanup_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_unlock(pthread_mutex_t **lock)
{
	if (*lock)
		pthread_mutex_unlock(*lock);
}

/* Holds a mutex until the end of the scope. */
#define LOCK_SCOPE(mutex)                                                                                    \
	CLEANUP(cleanup_unlock) pthread_mutex_t *lock_scope_ = (mutex);                                      \
	pthread_mutex_lock(lock_scope_)

#endif
