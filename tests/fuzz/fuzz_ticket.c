/* SPDX-License-Identifier: MIT */

/* No stranger's text is a ticket; what was signed comes back, and nothing that was changed. */

#include "common/buf.h"
#include "common/ticket.h"
#include "fuzz/fuzz.h"

static const char KEY[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

enum { NOW = 1000, LATER_THAN_NOW = 2000 };

static void refuse(const char *ticket)
{
	struct buf claims = {0};
	struct error err = {0};
	INSIST(ticket_verify(KEY, ticket, NOW, &claims, &err) == -1 && err.code == ERROR_FORBIDDEN);
	buf_release(&claims);
}

static void accept(const char *ticket, const uint8_t *data, size_t size)
{
	struct buf claims = {0};
	struct error err = {0};
	INSIST(ticket_verify(KEY, ticket, NOW, &claims, &err) == 0);
	INSIST(claims.length == size && (size == 0 || memcmp(claims.data, data, size) == 0));
	buf_release(&claims);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 4096)
		return 0;
	char *text = fuzz_text(data, size);
	refuse(text);
	free(text);

	struct buf ticket = {0};
	ticket_sign(KEY, data, size, LATER_THAN_NOW, &ticket);
	accept(ticket.data, data, size);
	size_t at = size ? data[0] * ticket.length / 256 : 0;
	ticket.data[at] = ticket.data[at] == 'A' ? 'B' : 'A';
	refuse(ticket.data);
	buf_release(&ticket);
	return 0;
}
