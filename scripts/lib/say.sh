# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What the scripts tell people: every step with the seconds since the start, every failure as a cause and a cure.

say_now_ms() { local now=${EPOCHREALTIME/[.,]/}; printf '%s' "$((now / 1000))"; }

SAY_START_MS=$(say_now_ms)

# say TEXT...: one line on standard output, with the time.
say() {
	local ms=$(($(say_now_ms) - SAY_START_MS))
	printf '[%3d.%d s] %s\n' "$((ms / 1000))" "$((ms % 1000 / 100))" "$*"
}

# say_log FILE [LINES]: the end of a log file, indented, on standard error.
say_log() {
	[ -s "$1" ] || { printf '    (%s is empty)\n' "$1" >&2; return 0; }
	printf '    the last lines of %s:\n' "$1" >&2
	tail -n "${2:-15}" "$1" | sed 's/^/    | /' >&2
}

# fail CAUSE CURE [LOG]: ends the script (from a subshell too, by the trap below).
fail() {
	[ $# -lt 3 ] || say_log "$3"
	printf '%s: %s.\n%s.\n' "${0##*/}" "$1" "$2" >&2
	exit "$((BASH_SUBSHELL ? SAY_FAILED_BELOW : 1))"
}

SAY_FAILED_BELOW=70 # the status by which a subshell says that its failure has been told

say_unexpected() {
	local status=$1
	[ "$status" -eq "$SAY_FAILED_BELOW" ] ||
		printf '%s: a command failed unexpectedly (status %s) at %s line %s.\n' "${0##*/}" "$status" "${BASH_SOURCE[1]}" "$2" >&2
	exit "$((BASH_SUBSHELL ? SAY_FAILED_BELOW : 1))"
}

set -E
trap 'say_unexpected $? $LINENO' ERR
