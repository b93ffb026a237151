/* SPDX-License-Identifier: MIT */
#ifndef COMMON_SETTINGS_H
#define COMMON_SETTINGS_H

/*
 * A service's settings: one const table maps environment names to the fields of one struct, read once at start.
 * The same table prints `--print-env`, from which .env.example is made.
 *
 *	static const struct setting TABLE[] = {
 *		SETTING("MEDIASTORE_LISTEN", TEXT, struct config, listen, "127.0.0.1:8080", "address of the REST API"),
 *		...
 *		SETTING_END };
 *
 * Kinds and their fields: TEXT char * · SECRET char *, never printed · KEY char * that must be 64 hex digits,
 * never printed · INTEGER int64_t · SIZE int64_t bytes ("256KiB", "8MiB", "2GiB", plain bytes) ·
 * DURATION int64_t milliseconds ("500ms", "30s", "5m", "2h", "7d") · FLAG bool ("true"/"false", "1"/"0", "yes"/"no") ·
 * PATH char *, absolute · ENDPOINT char *, "host:port".
 * An empty variable counts as unset. Fields of unset settings without a default stay NULL or 0.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct buf;

enum setting_kind {
	SETTING_TEXT,
	SETTING_SECRET,
	SETTING_KEY,
	SETTING_INTEGER,
	SETTING_SIZE,
	SETTING_DURATION,
	SETTING_FLAG,
	SETTING_PATH,
	SETTING_ENDPOINT,
};

struct setting {
	const char *name; /* NULL ends the table */
	enum setting_kind kind;
	size_t offset;            /* of the field in the service's struct */
	const char *default_text; /* SETTING_REQUIRED, or NULL when it may stay unset */
	const char *help;         /* one sentence, unit included */
	const char *choices;      /* TEXT only: "text|json"; NULL: anything */
	int64_t minimum, maximum; /* numbers only, in the field's unit; both 0: no bounds */
};

extern const char SETTING_REQUIRED[]; /* compared by address */

#define SETTING(env, kind_, type, field, preset, text)                                                       \
	{                                                                                                    \
		.name = (env), .kind = SETTING_##kind_, .offset = offsetof(type, field),                     \
		.default_text = (preset), .help = (text)                                                     \
	}
#define SETTING_BETWEEN(env, kind_, type, field, preset, low, high, text)                                    \
	{                                                                                                    \
		.name = (env), .kind = SETTING_##kind_, .offset = offsetof(type, field),                     \
		.default_text = (preset), .help = (text), .minimum = (low), .maximum = (high)                \
	}
#define SETTING_CHOICE(env, type, field, preset, list, text)                                                 \
	{                                                                                                    \
		.name = (env), .kind = SETTING_TEXT, .offset = offsetof(type, field),                        \
		.default_text = (preset), .help = (text), .choices = (list)                                  \
	}
#define SETTING_END                                                                                          \
	{                                                                                                    \
		.name = NULL                                                                                 \
	}

/* Reads the whole environment into `target` (zeroed by the caller). Every problem found is appended to
 * `problems`, a line each that names the variable, what is wrong and what would be right; secrets are not
 * quoted. Returns 0, or -1 when there was any; release `target` in both cases. */
int settings_load(const struct setting *table, void *target, struct buf *problems);
/* "90d" and the like -> milliseconds, as for DURATION. 0, or -1 when it is none. */
int settings_duration(const char *text, int64_t *out);
/* Frees the strings of `target`. Secrets are wiped first. */
void settings_release(const struct setting *table, void *target);
/* The table as an environment file: a comment with help, kind, default or "required", then NAME=default
 * (commented out when the default holds). */
void settings_print(const struct setting *table, FILE *out);

#endif
