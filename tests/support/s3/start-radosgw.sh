#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: start-radosgw.sh DATADIR PORT
#
# A real S3 server for the tests: Ceph's radosgw over one monitor and one storage daemon that keeps the objects in
# memory. Everything listens on 127.0.0.1: S3 on PORT, the monitor on PORT+1 and PORT+2, the storage daemon somewhere in
# PORT+10 to PORT+60. Prints endpoint=, access_key=, secret_key= and region= lines, those of the one user it creates.
#
# A server that already answers from DATADIR is left as it is and its lines are printed again; anything else found in
# DATADIR is replaced. DATADIR holds unix sockets, so its path must stay below about 80 characters.
# Works as root and as any user who may write DATADIR. stop-radosgw.sh DATADIR ends it; the objects go with it.
# Environment: S3_ACCESS_KEY, S3_SECRET_KEY (the user's keys), S3_MEMORY_BYTES (room for objects, 8 GiB), S3_GC_SECONDS
# (after which the room of large ones that were deleted is free, 2 hours).
set -eu

if [ $# -ne 2 ]; then
	echo "usage: $0 DATADIR PORT" >&2
	exit 2
fi
mkdir -p "$1"
data=$(cd "$1" && pwd)
port=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
access_key=${S3_ACCESS_KEY:-TESTACCESSKEY0000001}
secret_key=${S3_SECRET_KEY:-testSecretKey/0000000000000000000+abcdef}
cluster_id=b1c7a3d2-6c55-4f0e-8a3e-0d5b7c2f9e10
storage_id=0e9f4c58-3b1d-4d7a-9f26-5a8c1e7d2b43
export CEPH_CONF=$data/ceph.conf

answers() {
	curl -fsS -m 2 -o /dev/null "http://127.0.0.1:$port/" 2>/dev/null
}

runs() { # NAME: the daemon whose pid file is NAME.pid
	[ -s "$data/run/$1.pid" ] && kill -0 "$(cat "$data/run/$1.pid")" 2>/dev/null
}

print_facts() {
	echo "endpoint=http://127.0.0.1:$port"
	echo "access_key=$access_key"
	echo "secret_key=$secret_key"
	echo "region=us-east-1"
}

give_up() {
	echo "$0: $1" >&2
	bash "$here/stop-radosgw.sh" "$data"
	exit 1
}

write_configuration() {
	cat >"$CEPH_CONF" <<EOF
[global]
fsid = $cluster_id
mon host = [v2:127.0.0.1:$((port + 1))/0,v1:127.0.0.1:$((port + 2))/0]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
ms bind ipv6 = false
ms bind port min = $((port + 10))
ms bind port max = $((port + 60))
keyring = $data/keyring
run dir = $data/run
crash dir = $data/crash
log file = $data/log/\$name.log
log to stderr = false
# one copy of everything, and no objection to that
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon warn on pool no redundancy = false
mon warn on insecure global id reclaim allowed = false
auth allow insecure global id reclaim = false
# a nearly full disk under DATADIR is no reason to refuse: the objects are in memory
mon data = $data/mon
# when the room of deleted objects is given back
rgw gc obj min wait = ${S3_GC_SECONDS:-7200}
rgw gc processor period = ${S3_GC_SECONDS:-3600}
rgw gc processor max time = ${S3_GC_SECONDS:-3600}
mon data avail warn = 1
mon data avail crit = 0
# agree at once, there is nobody to wait for
paxos propose interval = 0.05
paxos min wait = 0.01
osd data = $data/osd
osd objectstore = memstore
memstore device bytes = ${S3_MEMORY_BYTES:-8589934592}
osd class load list = *
osd class default list = *
[mon.a]
admin socket = $data/run/mon.a.asok
pid file = $data/run/mon.a.pid
[osd.0]
admin socket = $data/run/osd.0.asok
pid file = $data/run/osd.0.pid
[client.rgw]
pid file = $data/run/client.rgw.pid
rgw data = $data/rgw
# without tcp_nodelay every small answer waits 40 ms for the client's delayed acknowledgement
rgw frontends = beast endpoint=127.0.0.1:$port tcp_nodelay=1
rgw enable usage log = false
# buckets are hosts too, BUCKET.localhost, besides in paths
rgw dns name = localhost
rgw thread pool size = 64
[client.admin]
log file = /dev/null
EOF
}

make_keys() {
	ceph-authtool "$data/keyring" --create-keyring -n mon. --gen-key --cap mon 'allow *'
	local name
	for name in client.admin client.rgw osd.0; do
		ceph-authtool "$data/keyring" -n "$name" --gen-key \
			--cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
	done
}

bring_up() {
	make_keys &&
	monmaptool --create --fsid "$cluster_id" \
		--addv a "[v2:127.0.0.1:$((port + 1)),v1:127.0.0.1:$((port + 2))]" "$data/monmap" &&
	ceph-mon -i a --mkfs --monmap "$data/monmap" --keyring "$data/keyring" &&
	ceph-mon -i a &&
	timeout 60 ceph osd new "$storage_id" &&
	ceph-osd -i 0 --mkfs --osd-uuid "$storage_id" &&
	ceph-osd -i 0 &&
	timeout 120 radosgw -n client.rgw &&
	timeout 120 radosgw-admin user create --uid=tester --display-name=tester \
		--access-key="$access_key" --secret-key="$secret_key"
}

if [ -e "$data/ready" ] && runs client.rgw && answers; then
	print_facts
	exit 0
fi
for program in ceph-mon ceph-osd radosgw radosgw-admin ceph ceph-authtool monmaptool curl; do
	if ! command -v "$program" >/dev/null; then
		echo "$0: $program is missing; install it with:" >&2
		echo "  apt-get install --no-install-recommends radosgw ceph-mon ceph-osd curl" >&2
		exit 1
	fi
done

[ ! -d "$data/run" ] || bash "$here/stop-radosgw.sh" "$data"
for part in mon osd run log crash rgw; do
	rm -rf "${data:?}/$part"
	mkdir "$data/$part"
done
rm -f "$data/keyring" "$data/monmap" "$data/ready" "$CEPH_CONF"
write_configuration
if ! bring_up >"$data/log/start.log" 2>&1; then
	tail -5 "$data/log/start.log" >&2
	give_up "the server did not start; more in $data/log/start.log"
fi
for _ in $(seq 600); do
	if answers; then
		touch "$data/ready"
		print_facts
		exit 0
	fi
	sleep 0.1
done
give_up "the server does not answer after 60 s; see $data/log"
