#!/bin/bash
# SPDX-License-Identifier: MIT
# Run as root by packages.sh: packages_install.sh PACKAGE...
# PostgreSQL and RabbitMQ would start servers of the system when they are installed. They are kept from it, now (a
# policy-rc.d and a setting that are put back afterwards) and at the next boot (units that were not there before are disabled).
set -euo pipefail

POLICY=/usr/sbin/policy-rc.d
CLUSTER=/etc/postgresql-common/createcluster.conf
CLUSTER_DEFAULT=/usr/share/postgresql-common/createcluster.conf
KEPT=.before-mediastore
UNITS=(rabbitmq-server.service epmd.service epmd.socket)

# hold FILE CONTENT: replaces the file until release; what an earlier, killed run kept stays the original.
hold() {
	mkdir -p "$(dirname "$1")"
	if [ ! -e "$1$KEPT" ]; then
		if [ -e "$1" ]; then cp -p "$1" "$1$KEPT"; else : >"$1$KEPT"; fi
	fi
	printf '%s\n' "$2" >"$1"
}

# release FILE [DEFAULT]: an empty kept file says that there was none.
release() {
	[ -e "$1$KEPT" ] || return 0
	if [ -s "$1$KEPT" ]; then
		mv -f "$1$KEPT" "$1"
	else
		rm -f "$1" "$1$KEPT"
		if [ -e "${2:-}" ]; then
			cp "$2" "$1"
		fi
	fi
}

release_all() {
	release "$POLICY"
	release "$CLUSTER" "$CLUSTER_DEFAULT"
	! cmp -s "$CLUSTER.ucf-dist" "$CLUSTER" || rm -f "$CLUSTER.ucf-dist"
}

unit_is_there() { [ -e "/lib/systemd/system/$1" ]; }

main() {
	exec 8>/run/lock/mediastore-packages.lock
	flock 8
	local new=() unit
	for unit in "${UNITS[@]}"; do unit_is_there "$unit" || new+=("$unit"); done
	trap release_all EXIT
	hold "$POLICY" $'#!/bin/sh\nexit 101'
	chmod 755 "$POLICY"
	hold "$CLUSTER" 'create_main_cluster = false'
	export DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1
	local apt=(apt-get -y -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold)
	"${apt[@]}" update || true # a mirror of the machine that we do not need may be gone
	"${apt[@]}" install --no-install-recommends "$@" 8>&-
	for unit in "${new[@]}"; do
		unit_is_there "$unit" || continue
		! command -v systemctl >/dev/null || systemctl --quiet disable "$unit" || true
		[ ! -e "/etc/init.d/${unit%.*}" ] || update-rc.d "${unit%.*}" disable || true
	done
}

main "$@"
