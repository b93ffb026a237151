/* SPDX-License-Identifier: MIT */
#ifndef SUPPORT_SCRATCH_H
#define SUPPORT_SCRATCH_H

/* A directory of a test's own, made below TMPDIR or /tmp. Failures end the test. */

enum { SCRATCH_SIZE = 256 };

void scratch_make(char out[SCRATCH_SIZE]);
void scratch_make_in_memory(char out[SCRATCH_SIZE]); /* below /dev/shm: where syncing costs nothing */
void scratch_remove(const char *directory);          /* with everything in it */
int scratch_count(const char *directory);            /* entries right below it */
void scratch_write(const char *directory, const char *name, const char *text);

#endif
