/* SPDX-License-Identifier: MIT */
#include "common/crc32c.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

enum { SLICES = 8 };
static const uint32_t POLYNOMIAL = 0x82F63B78; /* 0x1EDC6F41 with its bits in reverse */

static uint32_t table[SLICES][256];
static bool has_instruction;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void prepare(void)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t crc = byte;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
		table[0][byte] = crc;
	}
	for (int slice = 1; slice < SLICES; slice++)
		for (int byte = 0; byte < 256; byte++)
			table[slice][byte] =
				table[slice - 1][byte] >> 8 ^ table[0][table[slice - 1][byte] & 0xff];
#ifdef __x86_64__
	has_instruction = __builtin_cpu_supports("sse4.2");
#endif
}

static uint32_t step(uint32_t crc, unsigned char byte)
{
	return crc >> 8 ^ table[0][(crc ^ byte) & 0xff];
}

static uint32_t read_le32(const unsigned char *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint32_t from_tables(uint32_t crc, const unsigned char *at, size_t length)
{
	for (; length >= SLICES; at += SLICES, length -= SLICES) {
		uint32_t low = crc ^ read_le32(at), high = read_le32(at + 4);
		crc = table[7][low & 0xff] ^ table[6][low >> 8 & 0xff] ^ table[5][low >> 16 & 0xff] ^
		      table[4][low >> 24] ^ table[3][high & 0xff] ^ table[2][high >> 8 & 0xff] ^
		      table[1][high >> 16 & 0xff] ^ table[0][high >> 24];
	}
	for (; length > 0; length--)
		crc = step(crc, *at++);
	return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t from_instruction(
	uint32_t crc, const unsigned char *at, size_t length)
{
	uint64_t wide = crc;
	for (; length >= sizeof(uint64_t); at += sizeof(uint64_t), length -= sizeof(uint64_t)) {
		uint64_t word;
		memcpy(&word, at, sizeof(word));
		wide = __builtin_ia32_crc32di(wide, word);
	}
	crc = (uint32_t)wide;
	for (; length > 0; length--)
		crc = __builtin_ia32_crc32qi(crc, *at++);
	return crc;
}
#endif

uint32_t crc32c_update_portable(uint32_t crc, const void *bytes, size_t length)
{
	pthread_once(&once, prepare);
	return ~from_tables(~crc, bytes, length);
}

uint32_t crc32c_update(uint32_t crc, const void *bytes, size_t length)
{
	pthread_once(&once, prepare);
#ifdef __x86_64__
	if (has_instruction)
		return ~from_instruction(~crc, bytes, length);
#endif
	return ~from_tables(~crc, bytes, length);
}
