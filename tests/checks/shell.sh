#!/bin/bash
# SPDX-License-Identifier: MIT
# Every shell script parses, passes shellcheck and says under which licence it stands.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
FAILED=0
while IFS= read -r -d '' file; do
	case $file in *.sh) ;; *) head -c 11 "$file" | grep -q '^#!/bin/bash' || continue ;; esac
	bash -n "$file" || FAILED=1
	shellcheck -x -S info "$file" || FAILED=1
	head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT' || { printf '%s has no SPDX line\n' "$file"; FAILED=1; }
done < <(find scripts tests deploy .ci -type f ! -name '*.[chp]*' -print0 2>/dev/null)
exit "$FAILED"
