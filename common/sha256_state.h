/* SPDX-License-Identifier: MIT */
#ifndef COMMON_SHA256_STATE_H
#define COMMON_SHA256_STATE_H

/*
 * SHA-256 that can be written down half-way and gone on with, by another process, on another machine.
 * OpenSSL's EVP contexts cannot, and hashing again what is there already would take minutes for tens of GiB
 * with nobody answered meanwhile. What is written down is the standard's own (FIPS 180-4: the intermediate
 * hash value, how many bytes went into it, and those that do not fill a block yet), not an image of a
 * library's memory. Plain data: copying it is cloning it.
 */

#include "common/digest.h"

#include <stddef.h>
#include <stdint.h>

enum { SHA256_BLOCK = 64, SHA256_WORDS = 8, SHA256_STATE_SIZE = 2 * (32 + 8 + SHA256_BLOCK) + 1 };

struct sha256_state {
	uint32_t words[SHA256_WORDS];
	uint64_t length;                  /* bytes so far */
	unsigned char tail[SHA256_BLOCK]; /* length % SHA256_BLOCK of them */
};

void sha256_state_init(struct sha256_state *state);
void sha256_state_update(struct sha256_state *state, const void *bytes, size_t length);
/* The hash of what passed so far; the state may go on. */
void sha256_state_hex(const struct sha256_state *state, char out[DIGEST_HEX_SIZE]);

/* As text, for a column. */
void sha256_state_print(const struct sha256_state *state, char out[SHA256_STATE_SIZE]);
/* 0 / -1 that is none. */
int sha256_state_parse(const char *text, struct sha256_state *out);

#endif
