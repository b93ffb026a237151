#!/bin/bash
# SPDX-License-Identifier: MIT
# Healthy when the broker greets: it begins a connection when it hears the protocol's name. rabbitmq-diagnostics would
# start an Erlang machine for every check.
set -euo pipefail
exec 3<>/dev/tcp/127.0.0.1/5672
printf 'AMQP\0\0\11\1' >&3
IFS= read -r -t 4 -N 1 -u 3 greeting
[ "$greeting" = $'\1' ]
