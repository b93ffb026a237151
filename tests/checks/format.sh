#!/bin/bash
# SPDX-License-Identifier: MIT
# Every C file is as clang-format leaves it (cure: clang-format -i FILE).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
find common schemas services tests -name '*.[ch]' -print0 | xargs -0 -P "$(nproc)" -n 20 clang-format --dry-run -Werror
