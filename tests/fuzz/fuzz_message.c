/* SPDX-License-Identifier: MIT */

/* Jobs and results from the broker. One that is accepted can be packed, and then means the same. */

#include "common/arena.h"
#include "common/buf.h"
#include "fuzz/fuzz.h"
#include "schemas/job_message.h"

/* Packs what was understood, and what is understood of that: twice the same bytes. */
#define INSIST_ON_SAME(type, value, arena)                                                                   \
	do {                                                                                                 \
		struct buf once = {0}, twice = {0};                                                          \
		struct type again;                                                                           \
		struct error err_ = {0};                                                                     \
		type##_pack(value, &once);                                                                   \
		INSIST(type##_unpack(once.data, once.length, arena, &again, &err_) == 0);                    \
		type##_pack(&again, &twice);                                                                 \
		INSIST(once.length == twice.length && memcmp(once.data, twice.data, once.length) == 0);      \
		buf_release(&once);                                                                          \
		buf_release(&twice);                                                                         \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes = fuzz_copy(data, size);
	struct arena *arena = arena_create();
	struct error err = {0};
	struct job_message job;
	struct result_message result;
	if (job_message_unpack(bytes, size, arena, &job, &err) == 0)
		INSIST_ON_SAME(job_message, &job, arena);
	else
		INSIST(err.code == ERROR_INVALID);
	if (result_message_unpack(bytes, size, arena, &result, &err) == 0)
		INSIST_ON_SAME(result_message, &result, arena);
	else
		INSIST(err.code == ERROR_INVALID);
	arena_free(arena);
	free(bytes);
	return 0;
}
