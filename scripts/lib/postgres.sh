# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# A private PostgreSQL below the run directory: on loopback only, no unix socket, passwords by SCRAM. Its superuser
# is `postgres`; the services use the role and database `mediastore`, which own nothing else.

POSTGRES_BIN=/usr/lib/postgresql/15/bin

# Begins to start it, unless it runs.
postgres_launch() {
	process_alive postgres && return 0
	[ -x "$POSTGRES_BIN/postgres" ] || fail "PostgreSQL 15 is not installed" "apt-get install postgresql-15"
	local data=$RUN_DATA/postgres port
	[ -e "$data/PG_VERSION" ] || postgres_init "$data"
	port=$(port_choose postgres)
	rm -f "$data/postmaster.pid" # of a server that was killed; a living one is known above
	say "starting PostgreSQL on 127.0.0.1:$port"
	process_start postgres "$POSTGRES_BIN/postgres" -D "$data" -c listen_addresses=127.0.0.1 -c "port=$port" \
		-c unix_socket_directories= -c max_connections=200 -c log_timezone=UTC -c timezone=UTC
}

postgres_init() {
	local data=$1 password_file=$1.password
	say "creating a PostgreSQL cluster in $data"
	rm -rf "$data" # half made by an earlier run
	install -d -m 700 "$data"
	(umask 077 && printf '%s\n' "$SECRET_POSTGRES_SUPERUSER" >"$password_file")
	account_own "$data" "$password_file"
	(cd / && account_run "$POSTGRES_BIN/initdb" -D "$data" -U postgres -A scram-sha-256 --pwfile="$password_file" \
		-E UTF8 --locale=C.UTF-8) >"$RUN/log/initdb.log" 2>&1 ||
		fail "initdb failed" "The reason stands in $RUN/log/initdb.log" "$RUN/log/initdb.log"
	rm -f "$password_file"
}

# Waits until it answers and makes role and database.
postgres_wait() {
	process_wait postgres 60 "$POSTGRES_BIN/pg_isready" -q -h 127.0.0.1 -p "$(port_of postgres)"
	MEDIASTORE_ROLE_PASSWORD=$SECRET_POSTGRES postgres_superuser_psql postgres -q <<'SQL' >>"$RUN/log/postgres.log" 2>&1 ||
\getenv password MEDIASTORE_ROLE_PASSWORD
SELECT format('CREATE ROLE mediastore LOGIN PASSWORD %L', :'password')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mediastore') \gexec
SELECT 'CREATE DATABASE mediastore OWNER mediastore'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'mediastore') \gexec
SQL
		fail "cannot create the database" "See $RUN/log/postgres.log" "$RUN/log/postgres.log"
}

# postgres_superuser_psql DATABASE [OPTIONS]: SQL from standard input.
postgres_superuser_psql() {
	local database=$1
	shift
	PGPASSWORD=$SECRET_POSTGRES_SUPERUSER PGCONNECT_TIMEOUT=10 "$POSTGRES_BIN/psql" -X -v ON_ERROR_STOP=1 \
		-h 127.0.0.1 -p "$(port_of postgres)" -U postgres -d "$database" "$@"
}

postgres_url() { printf 'postgresql://mediastore:%s@127.0.0.1:%s/mediastore' "$SECRET_POSTGRES" "$(port_of postgres)"; }

postgres_stop() { process_stop postgres 30 INT; }
