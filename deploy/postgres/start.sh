#!/bin/bash
# SPDX-License-Identifier: MIT
# Starts PostgreSQL; at first makes the cluster, the role and the database. Its superuser can log in only from inside
# the container. A first start that is cut short is begun anew at the next.
set -euo pipefail

DATA=/var/lib/postgresql/15

make_cluster() {
	: "${POSTGRES_PASSWORD:?is required: the password of the role mediastore}"
	rm -rf "$DATA.new"
	initdb -D "$DATA.new" -U postgres -E UTF8 --locale=C.UTF-8 --auth-local=peer --auth-host=scram-sha-256
	echo 'host mediastore mediastore all scram-sha-256' >>"$DATA.new/pg_hba.conf"
	pg_ctl -D "$DATA.new" -w -o "-c listen_addresses=''" start
	psql -X -v ON_ERROR_STOP=1 -d postgres <<'SQL'
\getenv password POSTGRES_PASSWORD
CREATE ROLE mediastore LOGIN PASSWORD :'password';
CREATE DATABASE mediastore OWNER mediastore;
SQL
	pg_ctl -D "$DATA.new" -w -m fast stop
	mv "$DATA.new" "$DATA"
}

[ -d "$DATA" ] || make_cluster
unset POSTGRES_PASSWORD
exec postgres -D "$DATA" -c 'listen_addresses=*' -c max_connections=200
