# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# The services: api-gateway-1..N and store-worker-1..N. What a service runs with stands in services/NAME.env; one that
# lives is restarted only when that, or its program, has changed.

SERVICE_KINDS=(api-gateway store-worker)
SERVICE_STOP_SECONDS=40 # their drain timeout, and some

# service_settings KIND: the names in its settings table.
service_settings() { "$RUN_DATA/bin/$1" --print-env | sed -n 's/^#\{0,1\}\([A-Z][A-Z0-9_]*\)=.*/\1/p'; }

# service_listens NAME PORT_NAME: host:port on loopback, the present one while the service lives.
service_listens() {
	if process_alive "$1"; then
		printf '127.0.0.1:%s' "$(port_of "$2")"
	else
		printf '127.0.0.1:%s' "$(port_choose "$2")"
	fi
}

# services_install DIRECTORY: copies the programs to where the account can run them; prints the kinds that changed.
services_install() {
	local kind
	for kind in "${SERVICE_KINDS[@]}"; do
		[ -x "$1/$kind" ] || fail "$1/$kind was not built" "Look at $ROOT/build/release.log, or at MEDIASTORE_BIN_DIR"
		cmp -s "$1/$kind" "$RUN_DATA/bin/$kind" && continue
		install -m 755 "$1/$kind" "$RUN_DATA/bin/$kind.new"
		mv -f "$RUN_DATA/bin/$kind.new" "$RUN_DATA/bin/$kind"
		printf '%s\n' "$kind"
	done
}

# service_preset NAME: NAME=value lines of what scripts/up decides for that service.
service_preset() {
	printf 'AMQP_URL=%s\n' "$(rabbitmq_url)"
	printf 'MEDIASTORE_SERVICE_KEY=%s\nMEDIASTORE_SECRET_KEY=%s\n' "$SECRET_SERVICE_KEY" "$SECRET_SECRET_KEY"
	printf 'MEDIASTORE_SPOOL_DIR=%s\n' "$(readlink -f "$RUN_DATA/spool")"
	case $1 in
	api-gateway-*)
		printf 'DATABASE_URL=%s\n' "$(postgres_url)"
		printf 'MEDIASTORE_STORES_DIR=%s\n' "$(readlink -f "$RUN_DATA/stores")"
		printf 'MEDIASTORE_LISTEN=%s\n' "$(service_listens "$1" "$1")"
		printf 'MEDIASTORE_INTERNAL_LISTEN=%s\n' "$(service_listens "$1" "$1-internal")"
		printf 'MEDIASTORE_ADMIN_USERNAME=admin\nMEDIASTORE_ADMIN_PASSWORD=%s\n' "$SECRET_ADMIN"
		printf 'MEDIASTORE_SERVICE_USERNAME=programs\nMEDIASTORE_SERVICE_PASSWORD=%s\n' "$SECRET_PROGRAMS"
		;;
	store-worker-*)
		printf 'MEDIASTORE_WORKER_LISTEN=%s\n' "$(service_listens "$1" "$1")"
		printf 'MEDIASTORE_STORE_ROOT=%s\n' "$(readlink -f "$RUN_DATA/stores")"
		;;
	esac
}

# services_keep_given: settings in this script's environment are kept in `settings`; an empty one is dropped from
# there. What a sourced .run/env gives is what this installation has anyway, and no setting.
services_keep_given() {
	local kind name own
	own=$(service_preset api-gateway-1 && service_preset store-worker-1)
	[ -e "$RUN/settings" ] || (umask 077 && : >"$RUN/settings")
	for kind in "${SERVICE_KINDS[@]}"; do
		for name in $(service_settings "$kind"); do
			[ -n "${!name+given}" ] || continue
			grep -qxF -- "$name=${!name}" <<<"$own" && continue
			services_keep "$name" "${!name}"
		done
	done
}

services_keep() {
	local rest
	case $2 in *$'\n'*) fail "the setting $1 has a line break" "Give it without" ;; esac
	rest=$(grep -v "^$1=" "$RUN/settings" || true)
	{
		[ -z "$rest" ] || printf '%s\n' "$rest"
		[ -z "$2" ] || printf '%s=%s\n' "$1" "$2"
	} >"$RUN/settings.new"
	chmod 600 "$RUN/settings.new"
	mv -f "$RUN/settings.new" "$RUN/settings"
}

# setting_given NAME: the kept value; empty when there is none.
setting_given() { sed -n "s/^$1=//p" "$RUN/settings"; }

# service_environment NAME: all its settings, kept ones before presets. Addresses can be given to the first instance only.
service_environment() {
	local kind=${1%-*} names given
	names=$(service_settings "$kind" | sed 's/$/=/')
	given=$(cat "$RUN/settings")
	case $1 in *-1) ;; *) given=$(grep -vE '^MEDIASTORE_(INTERNAL_|WORKER_)?(LISTEN|URL)=' <<<"$given" || true) ;; esac
	{ printf '%s\n' "$given" && service_preset "$1"; } | grep -F -- "$names" | awk -F= '!seen[$1]++' | sort
}

# service_ensure NAME CHANGED_KINDS: starts it, or restarts it when what it runs with has changed.
service_ensure() {
	local name=$1 kind=${1%-*} file=$RUN/services/$1.env wanted
	wanted=$(service_environment "$name")
	if process_alive "$name"; then
		[ "$wanted" != "$(cat "$file" 2>/dev/null)" ] || [[ " $2 " == *" $kind "* ]] || return 0
		say "restarting $name, whose program or settings have changed"
		process_stop "$name" "$SERVICE_STOP_SECONDS"
		wanted=$(service_environment "$name")
	else
		say "starting $name"
	fi
	(umask 077 && printf '%s\n' "$wanted" >"$file")
	service_start "$name"
}

# service_start NAME: with the settings in services/NAME.env and no others.
service_start() {
	(
		local name kind=${1%-*} line
		for name in $(compgen -e); do
			case $name in MEDIASTORE_* | DATABASE_URL | AMQP_URL | PG*) unset "$name" ;; esac
		done
		while IFS= read -r line; do export "${line?}"; done <"$RUN/services/$1.env"
		process_start "$1" "$RUN_DATA/bin/$kind" serve
	)
}

# service_url NAME: where it answers HTTP, as seen from this machine.
service_url() {
	local address
	address=$(sed -n 's/^MEDIASTORE_\(WORKER_\)\{0,1\}LISTEN=//p' "$RUN/services/$1.env")
	address=${address/#0.0.0.0:/127.0.0.1:}
	printf 'http://%s' "${address/#\[::\]:/127.0.0.1:}"
}

service_is_ready() { curl -fs --noproxy '*' -m 5 -o /dev/null "$(service_url "$1")/readyz"; }

service_wait() { process_wait "$1" 60 service_is_ready "$1"; }

# services_list KIND: the instances that have a pid file, by number.
services_list() {
	local file
	for file in "$RUN/pids/$1"-*; do
		[ ! -e "$file" ] || printf '%s\n' "${file##*/}"
	done | sort -V
}

# services_pids KIND: the living ones' pids on one line.
services_pids() {
	local name pids=()
	for name in $(services_list "$1"); do
		if process_alive "$name"; then pids+=("$(process_pid "$name")"); fi
	done
	printf '%s' "${pids[*]:-}"
}

# services_stop NAME...: asks all at once, then waits for each.
services_stop() {
	local name pid
	for name in "$@"; do
		if pid=$(process_pid "$name"); then kill -TERM "$pid" 2>/dev/null || true; fi
	done
	for name in "$@"; do process_stop "$name" "$SERVICE_STOP_SECONDS"; done
}

# services_count KIND COUNT: the instances beyond COUNT.
services_beyond() {
	local name
	for name in $(services_list "$1"); do
		[ "${name##*-}" -le "$2" ] || printf '%s\n' "$name"
	done
}
