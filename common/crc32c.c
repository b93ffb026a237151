/* SPDX-License-Identifier: MIT */
#include "common/crc32c.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

enum { SLICES = 8, LANES = 3, LANE_SIZE = 4096 };
static const uint32_t POLYNOMIAL = 0x82F63B78; /* 0x1EDC6F41 with its bits in reverse */

static uint32_t table[SLICES][256];
static uint32_t behind_lane[4][256]; /* what becomes of each byte of a CRC when LANE_SIZE zeros follow */
static bool has_instruction;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint32_t step(uint32_t crc, unsigned char byte)
{
	return crc >> 8 ^ table[0][(crc ^ byte) & 0xff];
}

/* CRCs are linear: those of the single bits give all others. */
static void prepare_lanes(void)
{
	for (int bit = 0; bit < 32; bit++) {
		uint32_t crc = (uint32_t)1 << bit;
		for (int i = 0; i < LANE_SIZE; i++)
			crc = step(crc, 0);
		for (int byte = 0; byte < 256; byte++)
			if (byte >> bit % 8 & 1)
				behind_lane[bit / 8][byte] ^= crc;
	}
}

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
	prepare_lanes();
#ifdef __x86_64__
	has_instruction = __builtin_cpu_supports("sse4.2");
#endif
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
static uint64_t read_word(const unsigned char *at)
{
	uint64_t word;
	memcpy(&word, at, sizeof(word));
	return word;
}

static uint32_t pass_lane(uint32_t crc)
{
	return behind_lane[0][crc & 0xff] ^ behind_lane[1][crc >> 8 & 0xff] ^
	       behind_lane[2][crc >> 16 & 0xff] ^ behind_lane[3][crc >> 24];
}

/* The instruction takes three cycles and can begin in each: so three runs of bytes go side by side. */
__attribute__((target("sse4.2"))) static uint32_t from_lanes(uint32_t crc, const unsigned char *at)
{
	uint64_t first = crc, second = 0, third = 0;
	for (size_t i = 0; i < LANE_SIZE; i += sizeof(uint64_t)) {
		first = __builtin_ia32_crc32di(first, read_word(at + i));
		second = __builtin_ia32_crc32di(second, read_word(at + LANE_SIZE + i));
		third = __builtin_ia32_crc32di(third, read_word(at + 2 * LANE_SIZE + i));
	}
	return pass_lane(pass_lane((uint32_t)first) ^ (uint32_t)second) ^ (uint32_t)third;
}

__attribute__((target("sse4.2"))) static uint32_t from_instruction(
	uint32_t crc, const unsigned char *at, size_t length)
{
	for (; length >= LANES * LANE_SIZE; at += LANES * LANE_SIZE, length -= LANES * LANE_SIZE)
		crc = from_lanes(crc, at);
	uint64_t wide = crc;
	for (; length >= sizeof(uint64_t); at += sizeof(uint64_t), length -= sizeof(uint64_t))
		wide = __builtin_ia32_crc32di(wide, read_word(at));
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
