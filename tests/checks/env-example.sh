#!/bin/bash
# SPDX-License-Identifier: MIT
# tests/checks/env-example.sh BIN_DIR: .env.example says what the services' settings tables say.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
scripts/env-example "$1" | diff -u .env.example - || {
	echo '.env.example differs from the settings tables. Cure: scripts/env-example BIN_DIR >.env.example'
	exit 1
}
