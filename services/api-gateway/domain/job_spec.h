/* SPDX-License-Identifier: MIT */
#ifndef DOMAIN_JOB_SPEC_H
#define DOMAIN_JOB_SPEC_H

/* What a job has to remember beyond its row's columns: the JSON document in job.spec. Strings live in the
 * arena. */

#include <stdbool.h>
#include <stdint.h>

struct arena;

struct job_spec {
	int64_t size;             /* of the bytes to be stored or verified; -1 unknown */
	const char *sha256;       /* theirs; NULL unknown */
	const char *crc32c, *md5; /* the same */
	const char *content_type; /* NULL: none */
	const char *filename;     /* NULL: none */
	const char *spool;        /* name of the spool file that holds them; NULL: they rode in the message */
	const char *spool_url;    /* internal URL of the gateway that has the file */
	const char *fetch_url;    /* somebody else's URL from which a worker fetches the bytes; NULL: none */
	const char *fetch_s3;     /* an s3 one: the server's URL; NULL: none */
	const char *phase;        /* where a job of several steps stands; NULL: at its beginning */
	const char *source_url;   /* a copy between sites: the ticket of the bytes */
	const char *cursor;       /* an audit: the key after which it goes on */
	int64_t bytes_per_second, objects_per_second; /* an audit: no faster; 0: no limit */
	const char *actor;                            /* on whose behalf; NULL: the system's */
	int64_t expires_unix_ms; /* a watch: when the client's presigned URL ends; 0: none */
};

const char *job_spec_print(const struct job_spec *spec, struct arena *arena);
/* What cannot be read is left at its zero value. */
struct job_spec job_spec_parse(const char *json, struct arena *arena);

#endif
