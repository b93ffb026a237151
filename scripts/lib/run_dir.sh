# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# The run directory: everything that an installation started by scripts/up keeps.
#	env       connection facts for people and programs (shell assignments)
#	secrets   generated once: passwords and keys
#	settings  settings that were given by the environment at some `up`; they hold until another value is given
#	pids/ ports/ services/ log/
#	data/     what servers and services own: postgres, rabbitmq, stores, spool, bin
# When the account of account.sh cannot reach it (a clone below /root), data/ is a link into /var/lib/mediastore.

RUN_ELSEWHERE=/var/lib/mediastore

# run_dir_open [DIRECTORY]: sets RUN and RUN_DATA (absolute), creates what is missing and takes the lock.
run_dir_open() {
	run_dir_name "${1:-}"
	mkdir -p "$RUN" 2>/dev/null || true
	[ -w "$RUN" ] ||
		fail "cannot write to $RUN" "Set MEDIASTORE_RUN_DIR to a directory of yours, or run as its owner ($(stat -c %U "$RUN" 2>/dev/null || echo root))"
	RUN=$(cd "$RUN" && pwd -P)
	RUN_DATA=$(readlink -f "$RUN/data") # behind the link, where there is one
	mkdir -p "$RUN"/{pids,ports,services,log}
	chmod 755 "$RUN"
	chmod 700 "$RUN"/{services,pids}
	run_dir_lock
}

# run_dir_name [DIRECTORY]: sets RUN without creating anything.
run_dir_name() {
	RUN=${1:-${MEDIASTORE_RUN_DIR:-$ROOT/.run}}
	case $RUN in /*) ;; *) RUN=$PWD/$RUN ;; esac
	case $RUN in
	*[[:space:]:]*) fail "the run directory's path has a space or colon: $RUN" "Set MEDIASTORE_RUN_DIR to a path without (RabbitMQ cannot have them)" ;;
	esac
}

# Only one script works on a run directory at a time; daemons do not inherit the lock (processes.sh closes it).
run_dir_lock() {
	exec 9>"$RUN/lock"
	flock -w 300 9 || fail "another scripts/up or scripts/down is still working on $RUN" "Wait for it, or end it"
}

# Makes data/ where the account can reach it. Needs account_ensure.
run_dir_prepare_data() {
	if [ ! -e "$RUN_DATA" ] && ! account_run test -x "$RUN"; then
		local place
		place=$RUN_ELSEWHERE/$(printf '%s' "$RUN" | sha256sum | cut -c1-12)
		say "$RUN cannot be reached by the user $ACCOUNT_NAME: its data goes to $place"
		install -d -m 755 "$RUN_ELSEWHERE" "$place"
		ln -sfn "$place" "$RUN/data"
		RUN_DATA=$place
	fi
	mkdir -p "$RUN_DATA"/{bin,stores,spool}
	chmod 755 "$RUN_DATA"
	chmod 750 "$RUN_DATA"/{stores,spool}
	account_own "$RUN_DATA" "$RUN_DATA"/{stores,spool}
	account_run test -w "$RUN_DATA/stores" ||
		fail "the user $ACCOUNT_NAME cannot reach $RUN_DATA" "Remove $RUN, or set MEDIASTORE_RUN_DIR to a directory below /var/lib or /srv"
}

# Removes the whole directory and the place that its data may have elsewhere.
run_dir_purge() {
	local place=
	[ ! -L "$RUN/data" ] || place=$(readlink "$RUN/data")
	case $place in "$RUN_ELSEWHERE"/?*) rm -rf -- "$place" ;; esac
	rm -rf -- "$RUN"
}
