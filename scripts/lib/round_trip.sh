# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Real bytes through the whole installation: log in, put an object into a FilesystemStore, get it, compare, delete it.

ROUND_TRIP_BYTES=1048576 # beyond what rides in a message: through spool, job, store, result and ticket

# round_trip URL USERNAME PASSWORD
round_trip() {
	local url=$1 directory token pid="up-check-${SRANDOM}" content
	directory=$(mktemp -d "$RUN/round-trip.XXXXXX")
	head -c "$ROUND_TRIP_BYTES" /dev/urandom >"$directory/sent"
	TRIP_USERNAME=$2 TRIP_PASSWORD=$3 jq -n '{username: env.TRIP_USERNAME, password: env.TRIP_PASSWORD}' >"$directory/login"
	trip_call "$directory" "log in as $2" -H 'Content-Type: application/json' -d "@$directory/login" "$url/api/login"
	token=$(jq -er .token <"$directory/answer")
	printf 'header = "Authorization: Bearer %s"\n' "$token" >"$directory/config"
	content=$url/api/media/$pid
	trip_call "$directory" "upload" -K "$directory/config" -T "$directory/sent" \
		"$content/content?pid_type=DEFAULT&store_type=FilesystemStore&bucket=demo"
	trip_call "$directory" "download" -K "$directory/config" "$content/content"
	cmp -s "$directory/sent" "$directory/answer" ||
		fail "the round trip brought back other bytes than were sent" "Please report this, with the files in $directory and the logs in $RUN/log"
	trip_call "$directory" "delete" -K "$directory/config" -X DELETE "$content"
	rm -rf "$directory"
}

# trip_call DIRECTORY WHAT CURL_ARGUMENTS...: the body goes to DIRECTORY/answer.
trip_call() {
	local directory=$1 what=$2 status
	shift 2
	status=$(curl -sS --noproxy '*' -m 60 -o "$directory/answer" -w '%{http_code}' "$@" 2>"$directory/curl.log") || status=000
	case $status in 2??) return 0 ;; esac
	say_log "$directory/curl.log"
	say_log "$directory/answer" 3
	rm -rf "$directory"
	fail "could not $what: HTTP status $status" "See the logs in $RUN/log${3:+; with a DATABASE_URL of your own, MEDIASTORE_ADMIN_PASSWORD must be the password of its admin account}"
}
