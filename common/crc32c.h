/* SPDX-License-Identifier: MIT */
#ifndef COMMON_CRC32C_H
#define COMMON_CRC32C_H

/*
 * CRC-32C (Castagnoli): polynomial 0x1EDC6F41, reflected, initial value and final XOR of all ones, as RFC 3720
 * (iSCSI) appendix B.4 has it. With the processor's own instruction (SSE4.2) where there is one; else eight
 * bytes a step from tables ("slicing-by-8": Kounavis and Berry, "A Systematic Approach to Building High
 * Performance Software-Based CRC Generators", ISCC 2005).
 */

#include <stddef.h>
#include <stdint.h>

/* The CRC of what `crc` is that of (0: nothing yet), followed by these bytes. */
uint32_t crc32c_update(uint32_t crc, const void *bytes, size_t length);
/* The same, always from tables. */
uint32_t crc32c_update_portable(uint32_t crc, const void *bytes, size_t length);

#endif
