#!/bin/bash
# SPDX-License-Identifier: MIT
# Directory = boundary, include path = dependency: who may include whom, and which directory alone may include which library.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
FAILED=0

# directory · extended regular expression of what its quoted includes may be, relative to the service where it is one
ARROWS=(
	'common                          ^common/'
	'schemas                         ^(schemas|common)/'
	'services/api-gateway            ^(schemas|common|http|requests|handlers|domain|db|messaging|background)/|^[a-z_]+\.h$'
	'services/api-gateway/http       ^(schemas|common|http|handlers|domain)/|^(gateway|config)\.h$'
	'services/api-gateway/requests   ^(schemas|common|requests|domain|db)/|^background/loop\.h$|^http/(request|response|dispatch|auth|body)\.h$|^(gateway|config)\.h$'
	'services/api-gateway/handlers   ^(schemas|common|handlers|domain|db)/|^http/(auth|request|response|body_bytes|byte_range|checksum_headers|content_disposition|preconditions)\.h$|^(gateway|config)\.h$'
	'services/api-gateway/background ^(schemas|common|background|domain|db|messaging)/|^(gateway|config)\.h$'
	'services/api-gateway/domain     ^(schemas|common|domain|db|messaging)/|^config\.h$'
	'services/api-gateway/db         ^(schemas|common|db)/'
	'services/api-gateway/messaging  ^(schemas|common|messaging)/'
	'services/store-worker           ^(schemas|common|jobs|store|drivers|wrappers)/|^[a-z_]+\.h$'
	'services/store-worker/jobs      ^(schemas|common|jobs|store)/|^(worker|config|metrics)\.h$'
	'services/store-worker/store     ^(schemas|common|store)/'
	'services/store-worker/drivers   ^(schemas|common|drivers)/|^store/(store_driver|store|multipart|stream|key)\.h$'
	'services/store-worker/wrappers  ^(schemas|common|wrappers)/|^store/(store_driver|store|multipart|stream|key)\.h$'
)

# library header · the only files that may include it
LIBRARIES=(
	'civetweb\.h        ^common/http_(server|internal|exchange)[a-z_]*\.[ch]$'
	'libpq-fe\.h        ^services/api-gateway/db/'
	'amqp[a-z_]*\.h     ^common/bus[a-z_]*\.[ch]$'
	'curl/.*            ^common/http_client[a-z_]*\.[ch]$'
	'sqlite3\.h         ^services/store-worker/drivers/sqlite'
	'zip\.h             ^services/store-worker/drivers/zip'
	'pcre2\.h           ^services/api-gateway/domain/pattern\.[ch]$'
	'crypt\.h           ^services/api-gateway/domain/password\.[ch]$'
	'msgpack\.h         ^schemas/'
	'openssl/(evp|hmac|rand|sha)\.h ^common/'
)

complain() {
	printf '%s\n' "$1"
	FAILED=1
}

# Every include of the sources below a directory: file<TAB>header.
quoted_includes() { grep -rHoE --include='*.[ch]' '^#include "[^"]+"' "$1" | sed -E 's/:#include "([^"]+)"/\t\1/'; }
angle_includes() { grep -rHoE --include='*.[ch]' '^#include <[^>]+>' common schemas services | sed -E 's/:#include <([^>]+)>/\t\1/'; }

check_arrows() {
	local row directory allowed file header
	for row in "${ARROWS[@]}"; do
		read -r directory allowed <<<"$row"
		[ -d "$directory" ] || continue
		while IFS=$'\t' read -r file header; do
			[[ $header =~ $allowed ]] || complain "$file includes \"$header\", which $directory may not"
		done < <(quoted_includes "$directory")
	done
}

check_libraries() {
	local row header_pattern allowed file header
	while IFS=$'\t' read -r file header; do
		for row in "${LIBRARIES[@]}"; do
			read -r header_pattern allowed <<<"$row"
			[[ $header =~ ^$header_pattern$ ]] || continue
			[[ $file =~ $allowed ]] || complain "$file includes <$header>, which belongs to $allowed alone"
		done
	done < <(angle_includes)
}

check_arrows
check_libraries
exit "$FAILED"
