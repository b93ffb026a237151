/* SPDX-License-Identifier: MIT */
#ifndef COMMON_SIGV4_H
#define COMMON_SIGV4_H

/*
 * AWS Signature Version 4 for S3, as pure arithmetic: no clock, no network. Buckets are addressed in the path, or, where
 * the endpoint begins with "{bucket}.", in the name of the host ("virtual-host style"). Source:
 * "Authenticating Requests (AWS Signature Version 4)", Amazon S3 API Reference. Strict encoding
 * (everything but A-Z a-z 0-9 - . _ ~ and, in paths, /; upper-case hex), sorted query, `name=` for
 * valueless names.
 */

#include <stdint.h>

struct buf;

struct sigv4_credentials {
	const char *access_key, *secret_key, *region;
};

struct sigv4_pair {
	const char *name;  /* NULL ends a list; header names in lower case */
	const char *value; /* NULL counts as empty */
};

struct sigv4_request {
	const char *method;
	const char *
		endpoint; /* "http://host:port" or "http://{bucket}.host:port", without a path; ":80"/":443" as the client will send Host */
	const char *bucket, *key;       /* raw; NULL: none */
	const struct sigv4_pair *query; /* raw names and values; NULL: none */
	const struct sigv4_pair
		*headers;           /* further headers to sign; host and x-amz-* of the signature are added */
	const char *payload_sha256; /* hex, or "UNSIGNED-PAYLOAD" */
	int64_t now_unix_ms;
};

/* Appends the URL to send to (encoded path and sorted query). */
void sigv4_url(const struct sigv4_request *request, struct buf *url);
/* Signs by headers: appends the header lines to add, each "Name: value\n": Authorization, x-amz-date,
 * x-amz-content-sha256. */
void sigv4_sign(const struct sigv4_credentials *credentials, const struct sigv4_request *request,
	struct buf *headers);
/* Signs by query: appends a URL that anybody may use for expires_s seconds (1 to 604800), with
 * UNSIGNED-PAYLOAD. */
void sigv4_presign(const struct sigv4_credentials *credentials, const struct sigv4_request *request,
	int expires_s, struct buf *url);
/* Percent-encodes as SigV4 asks. keep_slash for paths. */
void sigv4_encode(const char *raw, int keep_slash, struct buf *out);

#endif
