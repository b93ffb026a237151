# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Free TCP ports on loopback. A chosen port is kept in the run directory and used again, unless something else has it
# by then. They lie below the kernel's ephemeral range, where no outgoing connection takes them.

PORTS_FIRST=20000
PORTS_COUNT=12000

# The local TCP ports that are listened on, one hexadecimal number a line. What is left of connections there does not
# keep a server from having its port again.
ports_listening() {
	{ cat /proc/net/tcp /proc/net/tcp6 2>/dev/null || true; } | awk '$4 == "0A" { n = split($2, part, ":"); print part[n] }'
}

# port_is_free PORT
port_is_free() {
	local listening
	listening=$(ports_listening)
	! grep -qix "$(printf '%04X' "$1")" <<<"$listening"
}

# port_choose NAME: prints the port kept under that name, or a new one, which is kept.
port_choose() {
	local file=$RUN/ports/$1 port
	port=$(cat "$file" 2>/dev/null || true)
	if [ -n "$port" ] && port_is_free "$port"; then
		printf '%s' "$port"
		return
	fi
	for _ in $(seq 200); do
		port=$((PORTS_FIRST + SRANDOM % PORTS_COUNT))
		if port_is_free "$port" && ! grep -qsx "$port" "$RUN"/ports/*; then
			printf '%s\n' "$port" >"$file"
			printf '%s' "$port"
			return
		fi
	done
	fail "found no free port between $PORTS_FIRST and $((PORTS_FIRST + PORTS_COUNT))" "End some servers and try again"
}

# port_of NAME: the port last chosen under that name; empty when there is none.
port_of() { cat "$RUN/ports/$1" 2>/dev/null || true; }

# port_answers PORT: something accepts connections there.
port_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
