#!/bin/bash
# SPDX-License-Identifier: MIT
# Starts RabbitMQ as a node of its own: AMQP is open to the network, Erlang's distribution to this container only. The
# node's name does not depend on the container's, so its data is found again.
set -euo pipefail

HOME=/var/lib/rabbitmq
CONFIGURATION=$HOME/rabbitmq.conf

: "${RABBITMQ_PASSWORD:?is required: the password of the user mediastore}"
umask 077
{
	printf 'listeners.tcp.1 = 0.0.0.0:5672\n'
	printf 'default_user = mediastore\ndefault_pass = %s\n' "$RABBITMQ_PASSWORD"
	printf 'log.file = false\nlog.console = true\nlog.console.level = info\n'
	printf 'consumer_timeout = 604800000\n' # a background job may take days (ms)
} >"$CONFIGURATION"
printf '[].\n' >"$HOME/enabled_plugins"
unset RABBITMQ_PASSWORD

export HOME RABBITMQ_NODENAME=rabbit@localhost RABBITMQ_CONFIG_FILE=${CONFIGURATION%.conf}
export RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_ENABLED_PLUGINS_FILE=$HOME/enabled_plugins
export RABBITMQ_MNESIA_BASE=$HOME/mnesia RABBITMQ_LOG_BASE=$HOME ERL_EPMD_ADDRESS=127.0.0.1
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}'
export RUNNING_UNDER_SYSTEMD=true # the start script becomes the broker, so that signals reach it
exec /usr/lib/rabbitmq/bin/rabbitmq-server
