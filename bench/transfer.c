/* SPDX-License-Identifier: MIT */
/*
 * Puts or gets objects over HTTP, as fast as a number of clients can: the same client for us and for what we are compared
 * with. The URLs come on standard input, one a line; a PUT uses each once, a GET goes through them again and again.
 *
 *	bench-transfer PUT|GET SIZE CLIENTS SECONDS [HEADER]...
 *
 * Ends with the time, or, of a PUT, with the URLs; what has begun is finished. Prints one line: transfers, errors, seconds,
 * p50 and p99 in milliseconds; the first answer that was an error goes to standard error.
 */
#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PATTERN_SIZE = 1 << 20, BUFFER_SIZE = 256 * 1024 };

struct bench {
	bool put;
	curl_off_t size;
	double ends;
	char **urls;
	size_t count;
	struct curl_slist *headers;
	atomic_size_t next, done, errors;
	double *times; /* of each transfer that went well, in seconds */
	size_t times_max;
};

struct body {
	curl_off_t left, got;
	char excerpt[300];
	size_t excerpt_length;
};

static char pattern[PATTERN_SIZE];

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static size_t give(char *out, size_t size, size_t count, void *context)
{
	struct body *body = context;
	curl_off_t length = (curl_off_t)(size * count);
	if (length > PATTERN_SIZE)
		length = PATTERN_SIZE;
	if (length > body->left)
		length = body->left;
	memcpy(out, pattern, (size_t)length);
	body->left -= length;
	return (size_t)length;
}

static size_t take(char *bytes, size_t size, size_t count, void *context)
{
	struct body *body = context;
	size_t room = sizeof(body->excerpt) - 1 - body->excerpt_length, length = size * count;
	size_t kept = length < room ? length : room;
	memcpy(body->excerpt + body->excerpt_length, bytes, kept);
	body->excerpt_length += kept;
	body->got += (curl_off_t)length;
	return length;
}

static void prepare(CURL *curl, const struct bench *bench, struct body *body)
{
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, bench->headers);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, (long)BUFFER_SIZE);
	curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, (long)BUFFER_SIZE);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
	if (!bench->put)
		return;
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
	curl_easy_setopt(curl, CURLOPT_READDATA, body);
	curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, bench->size);
}

static void run_one(CURL *curl, struct bench *bench, struct body *body, const char *url)
{
	long status = 0;
	*body = (struct body){.left = bench->size};
	curl_easy_setopt(curl, CURLOPT_URL, url);
	double started = now();
	CURLcode code = curl_easy_perform(curl);
	double took = now() - started;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK && status / 100 == 2 && (bench->put || body->got == bench->size)) {
		size_t place = atomic_fetch_add(&bench->done, 1);
		if (place < bench->times_max)
			bench->times[place] = took;
	} else if (atomic_fetch_add(&bench->errors, 1) == 0) {
		fprintf(stderr, "%s: %s, status %ld: %s\n", url, curl_easy_strerror(code), status,
			body->excerpt);
	}
}

static void *client(void *context)
{
	struct bench *bench = context;
	struct body body;
	CURL *curl = curl_easy_init();
	prepare(curl, bench, &body);
	while (now() < bench->ends) {
		size_t place = atomic_fetch_add(&bench->next, 1);
		if (bench->put && place >= bench->count)
			break;
		run_one(curl, bench, &body, bench->urls[place % bench->count]);
	}
	curl_easy_cleanup(curl);
	return NULL;
}

static void read_urls(struct bench *bench)
{
	char *line = NULL;
	size_t size = 0, room = 0;
	for (ssize_t length; (length = getline(&line, &size, stdin)) > 0;) {
		line[strcspn(line, "\n")] = '\0';
		if (bench->count == room)
			bench->urls = realloc(bench->urls, (room = room * 2 + 1024) * sizeof(char *));
		bench->urls[bench->count++] = strdup(line);
	}
	free(line);
}

static int by_time(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;
	return left < right ? -1 : left > right;
}

static double percentile(const struct bench *bench, size_t count, int percent)
{
	return count ? bench->times[(count - 1) * (size_t)percent / 100] * 1e3 : 0;
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return 2;
	int clients = atoi(argv[3]);
	struct bench bench = {
		.put = strcmp(argv[1], "PUT") == 0, .size = atoll(argv[2]), .times_max = 10000000};
	for (int i = 5; i < argc; i++)
		bench.headers = curl_slist_append(bench.headers, argv[i]);
	bench.headers = curl_slist_append(bench.headers, "Expect:");
	bench.times = calloc(bench.times_max, sizeof(double));
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (char)(i * 2654435761U >> 13);
	curl_global_init(CURL_GLOBAL_ALL);
	read_urls(&bench);
	if (!bench.count || clients < 1)
		return 2;
	double started = now();
	bench.ends = started + atof(argv[4]);
	pthread_t threads[256];
	for (int i = 0; i < clients && i < 256; i++)
		pthread_create(&threads[i], NULL, client, &bench);
	for (int i = 0; i < clients && i < 256; i++)
		pthread_join(threads[i], NULL);
	double took = now() - started;
	size_t done = bench.done, kept = done < bench.times_max ? done : bench.times_max;
	qsort(bench.times, kept, sizeof(double), by_time);
	printf("%zu %zu %.6f %.4f %.4f\n", done, (size_t)bench.errors, took, percentile(&bench, kept, 50),
		percentile(&bench, kept, 99));
	return 0;
}
