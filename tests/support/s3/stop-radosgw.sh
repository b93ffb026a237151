#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: stop-radosgw.sh DATADIR
#
# Ends the three daemons that start-radosgw.sh left in DATADIR, each by the pid it wrote, and only if that pid is still
# one of Ceph's programs. The objects are gone afterwards. Nothing running is no failure.
set -u

if [ $# -ne 1 ]; then
	echo "usage: $0 DATADIR" >&2
	exit 2
fi
data=$1
rm -f "$data/ready"

is_ceph() { # PID
	local program
	program=$(tr '\0' '\n' <"/proc/$1/cmdline" 2>/dev/null | head -n 1)
	case ${program##*/} in
	radosgw | ceph-mon | ceph-osd) return 0 ;;
	*) return 1 ;;
	esac
}

end() { # PID SIGNAL: waits up to 10 s, then insists
	kill "-$2" "$1" 2>/dev/null
	local _
	for _ in $(seq 100); do
		kill -0 "$1" 2>/dev/null || return 0
		sleep 0.1
	done
	kill -KILL "$1" 2>/dev/null
}

for daemon in client.rgw osd.0 mon.a; do
	file=$data/run/$daemon.pid
	[ -s "$file" ] || continue
	pid=$(cat "$file")
	if is_ceph "$pid"; then
		# asked politely, the storage daemon would first write all its memory to disk
		[ "$daemon" = osd.0 ] && signal=KILL || signal=TERM
		end "$pid" "$signal"
	fi
	rm -f "$file"
done
exit 0
