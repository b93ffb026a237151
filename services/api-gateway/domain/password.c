/* SPDX-License-Identifier: MIT */
#include "domain/password.h"

#include "common/arena.h"
#include "common/base64.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/digest.h"

#include <assert.h>
#include <crypt.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

static const char METHOD[] = "$y$";

static pthread_once_t once = PTHREAD_ONCE_INIT;
static sem_t turns;
/* A well-formed hash that no password has: what unknown users are checked against. */
static char nobody[CRYPT_GENSALT_OUTPUT_SIZE];

static void prepare(void)
{
	sem_init(&turns, 0, PASSWORD_AT_ONCE);
	char *setting = crypt_gensalt_rn(METHOD, 0, NULL, 0, nobody, sizeof(nobody));
	assert(setting);
	(void)setting;
}

static int take_turn(int64_t deadline_ms, struct error *err)
{
	pthread_once(&once, prepare);
	struct timespec until = clock_timespec(deadline_ms);
	while (sem_clockwait(&turns, CLOCK_MONOTONIC, &until) != 0)
		if (errno != EINTR)
			return error_set(err, ERROR_TOO_MANY, "too many logins at once");
	return 0;
}

/* crypt(3) with memory of its own (struct crypt_data is too large for a server thread's stack), wiped by the
 * scope. */
struct crypt_memory {
	void *data;
	int size;
};

static void release_memory(struct crypt_memory *memory)
{
	if (memory->data)
		OPENSSL_cleanse(memory->data, (size_t)memory->size);
	free(memory->data);
}

int password_hash(
	const char *password, int64_t deadline_ms, struct arena *arena, const char **out, struct error *err)
{
	size_t length = strlen(password);
	if (length == 0 || length > PASSWORD_MAX_LENGTH)
		return error_set(err, ERROR_INVALID, "a password has 1 to %d bytes", PASSWORD_MAX_LENGTH);
	if (take_turn(deadline_ms, err) != 0)
		return -1;
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	CLEANUP(release_memory) struct crypt_memory memory = {0};
	const char *hash = NULL;
	if (crypt_gensalt_rn(METHOD, 0, NULL, 0, setting, sizeof(setting)))
		hash = crypt_ra(password, setting, &memory.data, &memory.size);
	sem_post(&turns);
	if (!hash)
		return error_set_errno(err, errno, "crypt");
	*out = arena_strdup(arena, hash);
	return 0;
}

/* --- Django's form */

static const char DJANGO[] = "pbkdf2_sha256$";
enum { DJANGO_SALT_SIZE = 128, PBKDF2_SIZE = 32, PBKDF2_TEXT_LENGTH = 44 };

struct django_hash {
	int iterations;
	char salt[DJANGO_SALT_SIZE];
	unsigned char bytes[PBKDF2_SIZE];
};

/* 0, or -1 when it is malformed. */
static int parse_django(const char *hash, struct django_hash *out)
{
	char *end;
	const char *number = hash + sizeof(DJANGO) - 1;
	long iterations = strtol(number, &end, 10);
	if (*number < '1' || *number > '9' || *end != '$' || iterations > PASSWORD_MAX_ITERATIONS)
		return -1;
	const char *salt = end + 1, *sum = strchr(salt, '$');
	if (!sum || sum - salt >= DJANGO_SALT_SIZE || strlen(sum + 1) != PBKDF2_TEXT_LENGTH)
		return -1;
	unsigned char bytes[PBKDF2_TEXT_LENGTH];
	if (base64_decode(sum + 1, PBKDF2_TEXT_LENGTH, BASE64_STANDARD, bytes) != PBKDF2_SIZE)
		return -1;
	out->iterations = (int)iterations;
	memcpy(out->salt, salt, (size_t)(sum - salt));
	out->salt[sum - salt] = '\0';
	memcpy(out->bytes, bytes, PBKDF2_SIZE);
	return 0;
}

static int check_django(const char *password, const char *hash)
{
	struct django_hash stored;
	unsigned char made[PBKDF2_SIZE];
	if (parse_django(hash, &stored) != 0)
		return 0;
	digest_pbkdf2_sha256(password, stored.salt, stored.iterations, made);
	return CRYPTO_memcmp(made, stored.bytes, PBKDF2_SIZE) == 0;
}

static int check_crypt(const char *password, const char *hash)
{
	CLEANUP(release_memory) struct crypt_memory memory = {0};
	const char *made = crypt_ra(password, hash ? hash : nobody, &memory.data, &memory.size);
	if (!made || !hash)
		return 0;
	size_t length = strlen(hash);
	return strlen(made) == length && CRYPTO_memcmp(made, hash, length) == 0;
}

/* --- */

int password_check(const char *password, const char *hash, int64_t deadline_ms, struct error *err)
{
	if (strlen(password) > PASSWORD_MAX_LENGTH)
		return 0;
	if (take_turn(deadline_ms, err) != 0)
		return -1;
	bool django = hash && strncmp(hash, DJANGO, sizeof(DJANGO) - 1) == 0;
	int right = django ? check_django(password, hash) : check_crypt(password, hash);
	sem_post(&turns);
	return right;
}

bool password_is_current(const char *hash)
{
	return strncmp(hash, METHOD, sizeof(METHOD) - 1) == 0;
}
