# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Secrets are made once per run directory and kept in its file `secrets` (mode 600), as NAME=value lines.

SECRET_NAMES=( # name:random bytes, kept in hexadecimal
	SECRET_POSTGRES_SUPERUSER:16 SECRET_POSTGRES:16 SECRET_RABBITMQ:16 SECRET_ERLANG_COOKIE:16
	SECRET_ADMIN:12 SECRET_PROGRAMS:12 SECRET_SERVICE_KEY:32 SECRET_SECRET_KEY:32
)

secret_random() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }

# Sets all secrets as variables; makes those that the file does not have.
secrets_load() {
	local row name value
	[ -e "$RUN/secrets" ] || (umask 077 && : >"$RUN/secrets")
	while IFS='=' read -r name value; do printf -v "$name" '%s' "$value"; done <"$RUN/secrets"
	for row in "${SECRET_NAMES[@]}"; do
		name=${row%:*}
		[ -z "${!name:-}" ] || continue
		printf -v "$name" '%s' "$(secret_random "${row#*:}")"
		printf '%s=%s\n' "$name" "${!name}" >>"$RUN/secrets"
	done
}
