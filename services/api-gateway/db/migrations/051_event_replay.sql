-- SPDX-License-Identifier: MIT
-- Ranges of events that are published once more, to one place: one row each, worked on by one gateway at a time.
CREATE TABLE event_replay (
	pk bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT event_replay_pkey PRIMARY KEY,
	after_seq bigint NOT NULL,
	until_seq bigint NOT NULL,
	pattern text,
	exchange text NOT NULL,
	routing_key text,
	state text NOT NULL DEFAULT 'queued'
		CONSTRAINT event_replay_state_check CHECK (state IN ('queued', 'running', 'succeeded', 'failed')),
	done_seq bigint NOT NULL,
	published bigint NOT NULL DEFAULT 0,
	error text,
	actor text,
	worked_on_until timestamptz NOT NULL DEFAULT now(),
	created timestamptz NOT NULL DEFAULT now(),
	updated timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN event_replay.exchange IS 'empty: the broker''s own, whose routing keys are names of queues';
COMMENT ON COLUMN event_replay.routing_key IS 'NULL: of each event its own';
COMMENT ON COLUMN event_replay.done_seq IS 'up to which seq it has come';
CREATE INDEX event_replay_open ON event_replay (worked_on_until) WHERE state IN ('queued', 'running');

CREATE FUNCTION event_replay_json(r event_replay) RETURNS json
LANGUAGE sql STABLE
AS $$
	SELECT json_build_object('pk', r.pk, 'after', r.after_seq, 'until', r.until_seq, 'pattern', r.pattern,
		'queue', CASE r.exchange WHEN '' THEN r.routing_key END, 'exchange', nullif(r.exchange, ''),
		'routing_key', CASE WHEN r.exchange <> '' THEN r.routing_key END, 'state', r.state, 'done', r.done_seq,
		'published', r.published, 'error', r.error, 'actor', r.actor, 'created', rfc3339(r.created),
		'updated', rfc3339(r.updated))
$$;
