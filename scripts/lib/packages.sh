# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Debian packages: what is needed for what, and installing what is missing. From elsewhere come only, by npm, Swagger UI
# (cmake/swagger_ui.cmake) and, for the tests, AsyncAPI's parser (tests/asyncapi/check.sh) and tus-js-client (cmake/npm.cmake).

# packages_of SET: the packages for building, for running, for the tests.
packages_of() {
	case $1 in
	build)
		echo gcc libc6-dev clang cmake ninja-build pkg-config libcivetweb-dev librabbitmq-dev libpq-dev libmsgpack-dev \
			libcjson-dev libcurl4-openssl-dev libssl-dev libcrypt-dev libpcre2-dev libsqlite3-dev libzip-dev zlib1g-dev libcmocka-dev
		command -v npm >/dev/null || echo npm # another distributor's nodejs brings its own
		;;
	run) echo postgresql-15 postgresql-client-15 rabbitmq-server curl jq ;;
	test)
		echo libclang-rt-14-dev clang-format clang-tidy cppcheck shellcheck radosgw ceph-mon ceph-osd amqp-tools openssl \
			python3 python3-pika python3-jsonschema python3-msgpack
		;;
	bench) echo wrk nginx-light ;;
	esac
}

# packages_ensure SET...: installs those that are missing.
packages_ensure() {
	local wanted=() missing=() set
	for set in "$@"; do
		# shellcheck disable=SC2207
		wanted+=($(packages_of "$set"))
	done
	packages_missing missing "${wanted[@]}"
	[ "${#missing[@]}" -gt 0 ] || return 0
	packages_check_system "${missing[*]}"
	local log=$RUN/log/packages.log as_root=()
	account_is_root || packages_find_sudo as_root "${missing[*]}"
	say "installing ${#missing[@]} Debian packages, which takes some minutes: ${missing[*]}"
	local proxies=() name # sudo would drop them
	for name in http_proxy https_proxy no_proxy; do
		[ -z "${!name:-}" ] || proxies+=("$name=${!name}")
	done
	"${as_root[@]}" env "${proxies[@]}" bash "$ROOT/scripts/lib/packages_install.sh" "${missing[@]}" >"$log" 2>&1 9>&- ||
		packages_explain "$log" "${missing[*]}"
	missing=()
	packages_missing missing "${wanted[@]}"
	[ "${#missing[@]}" -eq 0 ] || fail "apt-get left these packages out: ${missing[*]}" "See $log" "$log"
	say "packages are installed"
}

# packages_missing ARRAY PACKAGE...: appends to the array those that are not installed.
packages_missing() {
	local -n out=$1
	local installed package
	shift
	# shellcheck disable=SC2016
	installed=" $(dpkg-query -W -f '${db:Status-Status}:${Package} ' "$@" 2>/dev/null || true)"
	for package in "$@"; do
		case $installed in *" installed:$package "*) ;; *) out+=("$package") ;; esac
	done
}

packages_check_system() {
	local name
	# shellcheck disable=SC1091
	name=$(. /etc/os-release 2>/dev/null && printf '%s %s' "${ID:-unknown}" "${VERSION_ID:-}")
	[ "$name" = "debian 12" ] ||
		fail "this system is $name, and these packages are missing: $1" \
			"Run on Debian 12, install their counterparts by hand, or use compose.yaml with a container engine"
}

# packages_find_sudo ARRAY PACKAGES: the words before a command that make it run as root.
packages_find_sudo() {
	local -n words=$1
	if command -v sudo >/dev/null; then
		if sudo -n true 2>/dev/null; then
			words=(sudo -n)
			return
		fi
		if [ -t 0 ]; then
			say "sudo asks for your password, to install: $2"
			if sudo -v; then
				# shellcheck disable=SC2034
				words=(sudo)
				return
			fi
		fi
	fi
	fail "these Debian packages are missing and you are neither root nor allowed to use sudo: $2" \
		"As root: apt-get install --no-install-recommends $2"
}

packages_explain() {
	local log=$1
	if grep -qE 'Could not resolve|Temporary failure|Failed to fetch|Unable to connect|Cannot initiate|Network is unreachable' "$log"; then
		fail "the Debian mirrors cannot be reached" "Check the network and /etc/apt/sources.list, then try again" "$log"
	elif grep -q 'Unable to locate package' "$log"; then
		fail "apt-get does not know all of these packages: $2" "Check that /etc/apt/sources.list names bookworm main" "$log"
	elif grep -qE 'No space left|not have enough free space' "$log"; then
		fail "the disk is full" "Free about 2 GB and try again" "$log"
	elif grep -q 'Could not get lock' "$log"; then
		fail "another apt-get is running" "Wait for it and try again" "$log"
	fi
	fail "apt-get could not install: $2" "See $log" "$log"
}
