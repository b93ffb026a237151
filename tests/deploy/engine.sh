# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# A container engine of our own, for tests on a Debian 12 machine (root) that has none and reaches no image registry:
# dockerd from Debian, compose and buildx from Debian 13's packages, the base image made by debootstrap. What takes long
# is kept in $ENGINE_CACHE. The engine leaves the machine's network as it found it.

ENGINE_CACHE=${MEDIASTORE_ENGINE_CACHE:-/var/tmp/mediastore-engine}
ENGINE_PACKAGES=(docker.io iptables debootstrap)
ENGINE_BASE_IMAGE=debian:12-slim

# engine_start DIRECTORY: sets DOCKER_HOST and DOCKER_CONFIG; the base image is there afterwards.
engine_start() {
	ENGINE=$1
	mkdir -p "$ENGINE" "$ENGINE_CACHE"
	engine_install_packages
	engine_fetch_plugins
	export DOCKER_CONFIG=$ENGINE/config DOCKER_HOST=unix://$ENGINE/docker.sock
	mkdir -p "$DOCKER_CONFIG"
	ln -sfn "$ENGINE_CACHE/cli-plugins" "$DOCKER_CONFIG/cli-plugins"
	engine_note_network
	say "starting dockerd in $ENGINE"
	dockerd --data-root "$ENGINE/data" --exec-root "$ENGINE/exec" --pidfile "$ENGINE/pid" --storage-driver overlay2 \
		--host "$DOCKER_HOST" >"$ENGINE/dockerd.log" 2>&1 &
	ENGINE_PID=$!
	for _ in $(seq 300); do
		docker version >/dev/null 2>&1 && break
		kill -0 "$ENGINE_PID" 2>/dev/null || fail "dockerd ended" "This needs root and a kernel with namespaces and overlayfs" "$ENGINE/dockerd.log"
		sleep 0.1
	done
	engine_import_base
}

engine_install_packages() {
	local missing=()
	packages_missing missing "${ENGINE_PACKAGES[@]}"
	[ "${#missing[@]}" -gt 0 ] || return 0
	say "installing ${missing[*]}"
	bash "$ROOT/scripts/lib/packages_install.sh" "${missing[@]}" >"$ENGINE/packages.log" 2>&1 ||
		fail "apt-get could not install ${missing[*]}" "See $ENGINE/packages.log" "$ENGINE/packages.log"
}

# Compose v2 and buildx are in Debian 13, and their programs run here. They are unpacked, not installed.
engine_fetch_plugins() {
	[ ! -x "$ENGINE_CACHE/cli-plugins/docker-compose" ] || return 0
	say "fetching docker-compose and docker-buildx from Debian 13"
	local state=$ENGINE_CACHE/apt mirror
	mkdir -p "$state"/{lists/partial,cache/archives/partial,unpacked}
	mirror=$(engine_mirror)
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$state/sources.list"
	local options=(-o "Dir::Etc::sourcelist=$state/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$state/lists"
		-o "Dir::Cache=$state/cache" -o APT::Sandbox::User=root)
	(cd "$state" && apt-get "${options[@]}" -q update && apt-get "${options[@]}" -q download docker-compose docker-buildx) \
		>"$state/log" 2>&1 || fail "cannot fetch packages of Debian 13" "Check the network" "$state/log"
	local package
	for package in "$state"/*.deb; do dpkg-deb -x "$package" "$state/unpacked"; done
	mkdir -p "$ENGINE_CACHE/cli-plugins"
	cp "$state"/unpacked/usr/libexec/docker/cli-plugins/* "$ENGINE_CACHE/cli-plugins/"
	rm -rf "$state"
}

# The mirror that this machine uses for Debian itself.
engine_mirror() {
	local mirror
	mirror=$(awk '!/^#/ && match($0, /https?:\/\/[^ ]*\/debian\/?( |$)/) { print substr($0, RSTART, RLENGTH); exit }' \
		/etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true)
	printf '%s' "${mirror:-http://deb.debian.org/debian}"
}

# The base image, as debootstrap makes it; apt in it uses the mirror it was made from.
engine_import_base() {
	local archive=$ENGINE_CACHE/base.tar
	if [ ! -s "$archive" ]; then
		say "making the base image with debootstrap (a minute)"
		debootstrap --variant=minbase bookworm "$ENGINE/rootfs" "$(engine_mirror)" >"$ENGINE/debootstrap.log" 2>&1 ||
			fail "debootstrap failed" "See $ENGINE/debootstrap.log" "$ENGINE/debootstrap.log"
		rm -rf "$ENGINE"/rootfs/var/cache/apt/archives/*.deb
		tar -C "$ENGINE/rootfs" -cf "$archive.new" .
		mv "$archive.new" "$archive"
		rm -rf "$ENGINE/rootfs"
	fi
	docker import "$archive" "$ENGINE_BASE_IMAGE" >/dev/null
}

engine_note_network() {
	cat /proc/sys/net/ipv4/ip_forward >"$ENGINE/ip_forward"
	local table
	for table in filter nat; do
		iptables-save -t "$table" >"$ENGINE/iptables.$table" 2>/dev/null || true
		[ -s "$ENGINE/iptables.$table" ] || engine_empty_table "$table" >"$ENGINE/iptables.$table"
	done
	ls /sys/class/net >"$ENGINE/links"
}

# A table that the kernel did not have yet: no rules, everything accepted.
engine_empty_table() {
	local chain chains="INPUT FORWARD OUTPUT"
	[ "$1" = filter ] || chains="PREROUTING INPUT OUTPUT POSTROUTING"
	printf '*%s\n' "$1"
	for chain in $chains; do printf ':%s ACCEPT [0:0]\n' "$chain"; done
	printf 'COMMIT\n'
}

# Ends the engine by its pid, and puts the network back.
engine_stop() {
	[ -n "${ENGINE_PID:-}" ] || return 0
	kill "$ENGINE_PID" 2>/dev/null || true
	wait "$ENGINE_PID" 2>/dev/null || true
	ENGINE_PID=
	local link
	for link in /sys/class/net/*; do
		link=${link##*/}
		grep -qx "$link" "$ENGINE/links" || ip link delete "$link" 2>/dev/null || true
	done
	local table
	for table in filter nat; do iptables-restore -T "$table" <"$ENGINE/iptables.$table" || true; done
	cat "$ENGINE/ip_forward" >/proc/sys/net/ipv4/ip_forward
}
