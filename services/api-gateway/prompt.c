/* SPDX-License-Identifier: MIT */
#include "prompt.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

void prompt_wipe(struct prompt_secret *secret)
{
	explicit_bzero(secret, sizeof(*secret));
}

/* Byte by byte: what stands behind the line may be meant for someone else. */
static int read_line(struct prompt_secret *out, struct error *err)
{
	size_t length = 0;
	for (;;) {
		char byte;
		ssize_t got = read(STDIN_FILENO, &byte, 1);
		if (got < 0)
			return errno == EINTR ? error_set(err, ERROR_CANCELLED, "interrupted")
					      : error_set_errno(err, errno, "read a password");
		if (got == 0 || byte == '\n')
			break;
		if (byte == '\0' || length == PROMPT_SECRET_SIZE - 1)
			return error_set(
				err, ERROR_INVALID, "this is no password: too long, or with a NUL in it");
		out->text[length++] = byte;
	}
	if (length > 0 && out->text[length - 1] == '\r')
		length--;
	out->text[length] = '\0';
	return length ? 0 : error_set(err, ERROR_INVALID, "no password was given");
}

/* --- a terminal: signals wait until it has its echo back */

static volatile sig_atomic_t caught;

static void note_signal(int number)
{
	caught = number;
}

static const int SIGNALS[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
enum { SIGNAL_COUNT = sizeof(SIGNALS) / sizeof(SIGNALS[0]) };

struct silence {
	struct termios before;
	struct sigaction actions[SIGNAL_COUNT];
};

static void begin_silence(struct silence *silence)
{
	struct sigaction note = {.sa_handler = note_signal}; /* no SA_RESTART: read() shall return */
	caught = 0;
	for (int i = 0; i < SIGNAL_COUNT; i++)
		sigaction(SIGNALS[i], &note, &silence->actions[i]);
	tcgetattr(STDIN_FILENO, &silence->before);
	struct termios quiet = silence->before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	quiet.c_lflag |= ECHONL;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
}

static void end_silence(const struct silence *silence)
{
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silence->before);
	for (int i = 0; i < SIGNAL_COUNT; i++)
		sigaction(SIGNALS[i], &silence->actions[i], NULL);
	if (caught)
		raise(caught);
}

static int ask(const char *question, struct prompt_secret *out, struct error *err)
{
	struct silence silence;
	begin_silence(&silence);
	fprintf(stderr, "%s: ", question);
	fflush(stderr);
	int result = read_line(out, err);
	end_silence(&silence);
	return result;
}

int prompt_password(const char *question, bool twice, struct prompt_secret *out, struct error *err)
{
	prompt_wipe(out);
	if (!isatty(STDIN_FILENO))
		return read_line(out, err);
	if (ask(question, out, err))
		return -1;
	if (!twice)
		return 0;
	struct prompt_secret again = {{0}};
	int result = ask("The same again", &again, err);
	if (result == 0 && strcmp(again.text, out->text) != 0)
		result = error_set(err, ERROR_INVALID, "the two are not the same");
	prompt_wipe(&again);
	return result;
}
