# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Secrets are made once per run directory and kept in its file `secrets` (mode 600), as shell assignments.

secret_random() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }

# secret_ensure NAME BYTES: sets the variable NAME to the kept secret, or to a new one of that many random bytes, in hex.
secret_ensure() {
	local name=$1 value
	[ -e "$RUN/secrets" ] || (umask 077 && : >"$RUN/secrets")
	value=$(sed -n "s/^$name=//p" "$RUN/secrets")
	if [ -z "$value" ]; then
		value=$(secret_random "$2")
		printf '%s=%s\n' "$name" "$value" >>"$RUN/secrets"
	fi
	printf -v "$name" '%s' "$value"
}

# All secrets of an installation, as variables SECRET_*.
secrets_load() {
	secret_ensure SECRET_POSTGRES_SUPERUSER 16
	secret_ensure SECRET_POSTGRES 16
	secret_ensure SECRET_RABBITMQ 16
	secret_ensure SECRET_ERLANG_COOKIE 16
	secret_ensure SECRET_ADMIN 12
	secret_ensure SECRET_PROGRAMS 12
	secret_ensure SECRET_SERVICE_KEY 32
	secret_ensure SECRET_SECRET_KEY 32
}
