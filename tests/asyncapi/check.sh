#!/bin/bash
# SPDX-License-Identifier: MIT
# tests/asyncapi/check.sh DIR: schemas/asyncapi.json by AsyncAPI's own parser, the npm package that package-lock.json pins by
# version and digest. It is fetched into DIR once (170 packages, 54 MB; npm's scripts do not run); after that no network is
# needed.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
DIR=$1
mkdir -p "$DIR"
exec 9>"$DIR/lock"
flock 9
wanted=$(sha256sum <"$HERE/package-lock.json")
if [ "$(cat "$DIR/fetched" 2>/dev/null)" != "$wanted" ]; then
	cp "$HERE/package.json" "$HERE/package-lock.json" "$DIR"
	(cd "$DIR" && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --fetch-retries=2 9>&-)
	printf '%s\n' "$wanted" >"$DIR/fetched"
fi
cp "$HERE/check.mjs" "$DIR"
cd "$DIR"
exec node check.mjs "$HERE/../../schemas/asyncapi.json"
