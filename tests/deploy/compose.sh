#!/bin/bash
# SPDX-License-Identifier: MIT
# Builds the images, starts compose.yaml with a real engine, sends bytes round, restarts it with its data, and stops it.
# Run by hand, as root on Debian 12:   tests/deploy/compose.sh
# It works on a copy of the repository's committed and changed files, with a .env of its own.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
for part in say account packages ports round_trip; do
	# shellcheck disable=SC1090
	. "$ROOT/scripts/lib/$part.sh"
done
# shellcheck source=tests/deploy/engine.sh
. "$ROOT/tests/deploy/engine.sh"

RUN=
ENGINE_PID=

clean_up() {
	local status=$?
	trap - EXIT ERR
	if [ -n "$ENGINE_PID" ]; then
		[ "$status" -eq 0 ] || compose logs --tail 30 >&2 || true
		compose down --volumes --timeout 45 >"$RUN/log/down.log" 2>&1 || true
		engine_stop
	fi
	rm -rf "$RUN"
	exit "$status"
}

compose() { (cd "$RUN/tree" && docker compose "$@"); }

copy_tree() {
	mkdir "$RUN/tree"
	(cd "$ROOT" && git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -T - -cf -) |
		tar -C "$RUN/tree" -xf -
	"$RUN/tree/scripts/env-generate"
	export MEDIASTORE_PORT
	MEDIASTORE_PORT=$(port_choose compose)
}

setting() { sed -n "s/^$1=//p" "$RUN/tree/.env"; }

trip() { round_trip "http://127.0.0.1:$MEDIASTORE_PORT" admin "$(setting MEDIASTORE_ADMIN_PASSWORD)"; }

main() {
	account_is_root || fail "this starts a container engine of its own" "Run it as root"
	RUN=$(mktemp -d "${TMPDIR:-/tmp}/mediastore-compose.XXXXXX")
	mkdir "$RUN"/{log,ports}
	trap clean_up EXIT
	trap 'exit 130' INT TERM
	engine_start "$RUN/engine"
	copy_tree
	say "building the images"
	compose build >"$RUN/log/build.log" 2>&1 || fail "the images cannot be built" "See above" "$RUN/log/build.log"
	say "starting the containers"
	compose up --wait --wait-timeout 180 >"$RUN/log/up.log" 2>&1 || fail "the containers did not become healthy" "See their logs below" "$RUN/log/up.log"
	trip
	say "bytes went round; stopping and starting again, with the same data"
	compose down --timeout 45 >"$RUN/log/down.log" 2>&1
	compose up --wait --wait-timeout 180 --scale worker=2 >"$RUN/log/up.log" 2>&1 || fail "the containers did not become healthy again" "See their logs below" "$RUN/log/up.log"
	trip
	say "everything works; 1 passed, 0 failed"
}

main "$@"
