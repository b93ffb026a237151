/* SPDX-License-Identifier: MIT */
#ifndef DRIVERS_ZIPFILE_JOURNAL_H
#define DRIVERS_ZIPFILE_JOURNAL_H

/*
 * What an append overwrites: the end of the archive, its directory, kept in a file of its own until the new end
 * is durable. Whoever locks the archive and finds one undoes the append that died. Only with the archive locked
 * for oneself. It lies in STORE_TEMPORARY_NAME beside the archive, as ".NAME.append"; one that does not fit the
 * archive (which was put there from elsewhere since) is dropped.
 */

#include "common/error.h"

#include <stdint.h>

struct zipfile_journal {
	int parent;       /* the archive's directory, borrowed */
	const char *name; /* of the archive, borrowed */
	int archive;      /* the open, locked archive, borrowed */
};

enum { ZIPFILE_JOURNAL_NAME_MAX = 240 };

/* Keeps the archive's bytes from `start` on, durably. */
MUST_CHECK int zipfile_journal_write(const struct zipfile_journal *journal, int64_t start, struct error *err);
/* 1: there is one, to be undone or not yet whole; 0: none; -1. */
MUST_CHECK int zipfile_journal_exists(const struct zipfile_journal *journal, struct error *err);
/* The archive is, durably, what it was before the append. None: nothing to do. */
MUST_CHECK int zipfile_journal_undo(const struct zipfile_journal *journal, struct error *err);
/* The append is durable, and stands. */
MUST_CHECK int zipfile_journal_drop(const struct zipfile_journal *journal, struct error *err);

#endif
