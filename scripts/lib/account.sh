# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Under which account servers and services run: the caller's own, or, when that is root, an unprivileged system
# account (PostgreSQL refuses to run as root, and the others need not).

ACCOUNT_NAME=mediastore

account_is_root() { [ "$(id -u)" -eq 0 ]; }

# Makes sure that the account exists.
account_ensure() {
	account_is_root || return 0
	id "$ACCOUNT_NAME" >/dev/null 2>&1 && return 0
	say "creating the system user $ACCOUNT_NAME, under which everything runs (you are root)"
	useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin \
		"$ACCOUNT_NAME" 2>/dev/null || id "$ACCOUNT_NAME" >/dev/null 2>&1 ||
		fail "cannot create the system user $ACCOUNT_NAME" "Create it by hand (useradd --system $ACCOUNT_NAME) or run as an ordinary user"
}

# account_run COMMAND...: as that account.
account_run() {
	local as=()
	account_prefix as
	"${as[@]}" "$@"
}

# account_prefix ARRAY: sets the array to the words that go before a command so that it runs under the account.
account_prefix() {
	local -n words=$1
	words=()
	if account_is_root; then
		# shellcheck disable=SC2034
		words=(setpriv "--reuid=$ACCOUNT_NAME" "--regid=$ACCOUNT_NAME" --init-groups --)
	fi
}

# account_own PATH...: gives files to the account (not what directories hold).
account_own() {
	account_is_root || return 0
	chown "$ACCOUNT_NAME:$ACCOUNT_NAME" "$@"
}
