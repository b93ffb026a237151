# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Processes that outlive the script: started in a session of their own, known by a file pids/NAME that holds the pid
# and the process's start time. A pid that another process has by now has another start time and is left alone.

# process_start NAME COMMAND...: output is appended to log/NAME.log.
process_start() {
	local name=$1 as=() pid
	shift
	account_prefix as
	{ cd / && exec setsid "${as[@]}" "$@"; } </dev/null >>"$RUN/log/$name.log" 2>&1 9>&- &
	pid=$!
	disown "$pid"
	printf '%s\n%s\n' "$pid" "$(process_start_time "$pid")" >"$RUN/pids/$name"
}

# process_start_time PID: empty when there is no such process, or only its remains. While threads of a killed process
# are still ending, its first one is a zombie already, but its sockets are open: it counts as there.
process_start_time() {
	local stat fields
	read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
	read -ra fields <<<"${stat##*) }"
	[ "${fields[0]}" = Z ] && [ "${fields[17]}" -le 1 ] || printf '%s' "${fields[19]}"
}

# process_pid NAME: prints its pid and succeeds while it lives.
process_pid() {
	local pid=0 started=
	{ read -r pid && read -r started; } 2>/dev/null <"$RUN/pids/$1" || return 1
	[ -n "$started" ] && [ "$(process_start_time "$pid")" = "$started" ] && printf '%s' "$pid"
}

process_alive() { process_pid "$1" >/dev/null; }

# process_stop NAME SECONDS [SIGNAL]: asks with SIGNAL (TERM), waits, and ends it by KILL at the deadline.
process_stop() {
	local name=$1 seconds=$2 signal=${3:-TERM} pid waited
	if pid=$(process_pid "$name"); then
		kill "-$signal" "$pid" 2>/dev/null || true
		for ((waited = 0; waited < seconds * 20; waited++)); do
			process_alive "$name" || break
			sleep 0.05
		done
		if process_alive "$name"; then
			say "$name (pid $pid) did not stop within $seconds s: killing it"
			kill -KILL "$pid" 2>/dev/null || true
			for _ in $(seq 100); do process_alive "$name" || break; sleep 0.05; done
		fi
	fi
	rm -f "$RUN/pids/$name"
}

# process_wait NAME SECONDS COMMAND...: until COMMAND succeeds; fails at once when the process dies, or at the deadline.
process_wait() {
	local name=$1 seconds=$2 end
	shift 2
	end=$((SECONDS + seconds))
	until "$@"; do
		process_alive "$name" ||
			fail "$name ended while it started" "The reason stands in its log, $RUN/log/$name.log" "$RUN/log/$name.log"
		[ "$SECONDS" -lt "$end" ] ||
			fail "$name was not ready within $seconds s" "See its log, $RUN/log/$name.log; on a busy machine simply try again" "$RUN/log/$name.log"
		sleep 0.1
	done
}
