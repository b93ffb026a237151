/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_OBJECT_KEY_H
#define DOMAIN_OBJECT_KEY_H

/*
 * The key under which a store keeps a media's bytes: "3f/a0/<pid, made safe>.<12 random hex digits>".
 * Every attempt to store bytes gets a key of its own, so that a late or repeated attempt can never touch
 * the bytes of another, and an old object can be deleted while the new one is read. The two directories
 * spread millions of files; the readable part is for the people who look at a bucket.
 */

#include "common/error.h"

enum { OBJECT_KEY_SIZE = 128 };

void object_key_make(const char *pid, char out[OBJECT_KEY_SIZE]);

/* A key that a client names: 1 to 1024 bytes without control characters, that cannot lead out of its
 * store. INVALID: a leading, trailing or double slash, a segment "." or "..". What else a store refuses,
 * its worker says. */
MUST_CHECK int object_key_check(const char *key, struct error *err);

#endif
