#!/bin/bash
# SPDX-License-Identifier: MIT
# No function beyond 60 lines, no .c file beyond 500 (the limits at the outside; the habit is 40 and less).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# The formatter puts a function's braces, and no others', alone into the first column.
find common schemas services -name '*.c' -print0 | sort -z | xargs -0 awk '
	FNR == 1 { if (lines > 500) { print file ": " lines " lines"; failed = 1 } file = FILENAME }
	{ lines = FNR }
	/^\{/ { start = FNR }
	/^}[ \t]*$/ && start {
		if (FNR - start - 1 > 60) { print FILENAME ":" start ": a function of " FNR - start - 1 " lines"; failed = 1 }
		start = 0
	}
	END { if (lines > 500) { print file ": " lines " lines"; failed = 1 } exit failed }'
