# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# A private RabbitMQ below the run directory: AMQP, Erlang distribution and its own epmd on loopback only, so that it
# meets no other broker of the machine. One user, `mediastore`, with all rights on the vhost /. RABBITMQ_TLS may name a
# directory with ca.pem, server.pem and server.key: then it listens with TLS too, for clients with a certificate of that CA.

RABBITMQ_BIN=/usr/lib/rabbitmq/bin

# Begins to start it, unless it runs.
rabbitmq_launch() {
	process_alive rabbitmq && return 0
	[ -x "$RABBITMQ_BIN/rabbitmq-server" ] || fail "RabbitMQ is not installed" "apt-get install rabbitmq-server"
	local port
	port=$(port_choose rabbitmq)
	port_choose rabbitmq-distribution >/dev/null
	rabbitmq_configure "$port"
	rabbitmq_start_epmd
	say "starting RabbitMQ on 127.0.0.1:$port (10 to 20 s)"
	# RUNNING_UNDER_SYSTEMD: the start script becomes the broker instead of waiting for it, so the pid is the broker's
	(rabbitmq_environment && export RUNNING_UNDER_SYSTEMD=true && cd / &&
		process_start rabbitmq "$RABBITMQ_BIN/rabbitmq-server")
}

# rabbitmq_configure PORT
rabbitmq_configure() {
	local home=$RUN_DATA/rabbitmq
	mkdir -p "$home/mnesia"
	(
		umask 077
		printf 'listeners.tcp.1 = 127.0.0.1:%s\n' "$1"
		printf 'default_user = mediastore\ndefault_pass = %s\n' "$SECRET_RABBITMQ"
		printf 'log.file = false\nlog.console = true\nlog.console.level = info\n'
		printf 'consumer_timeout = 604800000\n' # a background job may take days (ms)
		[ -z "${RABBITMQ_TLS:-}" ] || printf '%s\n' "listeners.ssl.1 = 127.0.0.1:$(port_choose rabbitmq-tls)" \
			"ssl_options.cacertfile = $RABBITMQ_TLS/ca.pem" "ssl_options.certfile = $RABBITMQ_TLS/server.pem" \
			"ssl_options.keyfile = $RABBITMQ_TLS/server.key" "ssl_options.verify = verify_peer" \
			"ssl_options.fail_if_no_peer_cert = true"
	) >"$home/rabbitmq.conf"
	printf '[].\n' >"$home/enabled_plugins"
	[ -e "$home/.erlang.cookie" ] || printf '%s' "$SECRET_ERLANG_COOKIE" >"$home/.erlang.cookie"
	chmod 700 "$home"
	chmod 400 "$home/.erlang.cookie"
	account_own "$home" "$home"/{mnesia,rabbitmq.conf,enabled_plugins,.erlang.cookie}
}

# Exports what the broker and rabbitmqctl need to find each other and nobody else.
rabbitmq_environment() {
	local home=$RUN_DATA/rabbitmq distribution
	distribution=$(port_of rabbitmq-distribution)
	export HOME=$home
	export RABBITMQ_NODENAME=mediastore@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1
	RABBITMQ_NODE_PORT=$(port_of rabbitmq)
	ERL_EPMD_PORT=$(port_of epmd)
	export RABBITMQ_NODE_PORT ERL_EPMD_PORT ERL_EPMD_ADDRESS=127.0.0.1
	export RABBITMQ_DIST_PORT=$distribution
	export RABBITMQ_MNESIA_BASE=$home/mnesia RABBITMQ_LOG_BASE=$home RABBITMQ_CONFIG_FILE=$home/rabbitmq
	export RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_ENABLED_PLUGINS_FILE=$home/enabled_plugins
	export RABBITMQ_PID_FILE=$home/pid
	export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}'
	export RABBITMQ_CTL_ERL_ARGS=$RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS
}

# The Erlang port mapper, started by us so that its pid is known: it would outlive the broker.
rabbitmq_start_epmd() {
	process_alive epmd && return 0
	local port
	port=$(port_choose epmd)
	process_start epmd epmd -address 127.0.0.1 -port "$port"
	process_wait epmd 10 port_answers "$port"
}

# The broker greets: it begins a connection when it hears the protocol's name.
rabbitmq_answers() {
	local greeting=
	{
		exec 3<>"/dev/tcp/127.0.0.1/$(port_of rabbitmq)" || return 1
		printf 'AMQP\0\0\11\1' >&3
		IFS= read -r -t 2 -N 1 -u 3 greeting
		exec 3>&-
	} 2>/dev/null
	[ "$greeting" = $'\1' ]
}

# A broker that ends while it starts, as when something else took one of its ports meanwhile, is started once more, on
# other ports and with another epmd.
rabbitmq_wait() {
	local end=$((SECONDS + 120)) starts=1
	until rabbitmq_greets; do
		if ! process_alive rabbitmq; then
			[ "$starts" -lt 3 ] || fail "RabbitMQ ended while it started, three times" \
				"The reason stands in its log, $RUN/log/rabbitmq.log" "$RUN/log/rabbitmq.log"
			starts=$((starts + 1))
			process_stop epmd 5
			rm -f "$RUN"/ports/{epmd,rabbitmq,rabbitmq-distribution}
			rabbitmq_launch
		fi
		[ "$SECONDS" -lt "$end" ] || fail "RabbitMQ was not ready within 120 s" \
			"See its log, $RUN/log/rabbitmq.log; on a busy machine simply try again" "$RUN/log/rabbitmq.log"
		sleep 0.1
	done
}

rabbitmq_greets() { (rabbitmq_answers); }

rabbitmq_url() { printf 'amqp://mediastore:%s@127.0.0.1:%s/%%2F' "$SECRET_RABBITMQ" "$(port_of rabbitmq)"; }

rabbitmq_stop() {
	process_stop rabbitmq 30
	process_stop epmd 5
}

# rabbitmq_ctl ARGUMENTS...: rabbitmqctl for this broker.
rabbitmq_ctl() {
	(rabbitmq_environment && cd / && account_run "$RABBITMQ_BIN/rabbitmqctl" "$@")
}
