-- SPDX-License-Identifier: MIT
-- Webhooks: who is told of events over HTTP, how far each is, and what is, or was, to be delivered.

CREATE TABLE webhook (
	pk bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT webhook_pkey PRIMARY KEY,
	url text NOT NULL,
	description text,
	events text[] NOT NULL DEFAULT '{}',
	pid_pattern text,
	active boolean NOT NULL DEFAULT true,
	disabled_reason text,
	seal_id uuid NOT NULL,
	secret text NOT NULL,
	old_secret text,
	old_secret_until timestamptz,
	actor text,
	created timestamptz NOT NULL DEFAULT now(),
	updated timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN webhook.events IS 'patterns of routing keys, one of which must match; empty: all';
COMMENT ON COLUMN webhook.seal_id IS 'what its secrets are sealed for';

-- What changes with every delivery, apart from the webhook: its version is for people.
CREATE TABLE webhook_state (
	webhook bigint CONSTRAINT webhook_state_pkey PRIMARY KEY
		CONSTRAINT webhook_state_webhook_fkey REFERENCES webhook ON DELETE CASCADE,
	seq bigint NOT NULL,
	failures bigint NOT NULL DEFAULT 0,
	failing_since timestamptz,
	paused_until timestamptz,
	delivered timestamptz
);
COMMENT ON COLUMN webhook_state.seq IS 'for the events up to this one deliveries were made, where they are wanted';
COMMENT ON COLUMN webhook_state.failures IS 'attempts that have failed since one succeeded';

CREATE TABLE webhook_delivery (
	pk bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT webhook_delivery_pkey PRIMARY KEY,
	webhook bigint NOT NULL CONSTRAINT webhook_delivery_webhook_fkey REFERENCES webhook ON DELETE CASCADE,
	seq bigint NOT NULL,
	event uuid NOT NULL,
	what text NOT NULL,
	subject text,
	state text NOT NULL DEFAULT 'pending'
		CONSTRAINT webhook_delivery_state_check CHECK (state IN ('pending', 'delivered', 'failed')),
	job uuid NOT NULL DEFAULT gen_random_uuid(),
	attempts bigint NOT NULL DEFAULT 0,
	status integer,
	answer text,
	error_code text,
	error_message text,
	created timestamptz NOT NULL DEFAULT now(),
	updated timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT webhook_delivery_webhook_seq_key UNIQUE (webhook, seq)
);
CREATE UNIQUE INDEX webhook_delivery_job ON webhook_delivery (job);
CREATE INDEX webhook_delivery_list ON webhook_delivery (webhook, pk);
CREATE INDEX webhook_delivery_pending ON webhook_delivery (webhook) WHERE state = 'pending';
CREATE INDEX webhook_delivery_pending_seq ON webhook_delivery (seq) WHERE state = 'pending';
CREATE INDEX webhook_delivery_failed ON webhook_delivery (pk) WHERE state = 'failed';
CREATE INDEX webhook_delivery_ended ON webhook_delivery (updated) WHERE state <> 'pending';
COMMENT ON COLUMN webhook_delivery.job IS 'the last one; without a foreign key, as finished jobs go earlier';

-- Each webhook's deliveries wait for their turn, not for the scheduler.
DROP INDEX job_due;
CREATE INDEX job_due ON job (next_run_at) WHERE state = 'queued' AND kind <> 'deliver';

-- Telling of events is no event: it would be told of in turn.
DROP TRIGGER job_after_insert ON job;
DROP TRIGGER job_after_update ON job;
CREATE TRIGGER job_after_insert AFTER INSERT ON job
	FOR EACH ROW WHEN (NEW.kind <> 'deliver') EXECUTE FUNCTION job_after_change();
CREATE TRIGGER job_after_update AFTER UPDATE OF state ON job
	FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state AND NEW.kind <> 'deliver')
	EXECUTE FUNCTION job_after_change();

CREATE FUNCTION webhook_json(w webhook, s webhook_state) RETURNS json
LANGUAGE sql STABLE
AS $$
	SELECT json_build_object('pk', w.pk, 'url', w.url, 'description', w.description, 'events', w.events, 'pid', w.pid_pattern,
		'active', w.active, 'disabled_reason', w.disabled_reason,
		'old_secret_until', CASE WHEN w.old_secret_until > now() THEN rfc3339(w.old_secret_until) END,
		'seq', s.seq, 'pending', (SELECT count(*) FROM webhook_delivery d WHERE d.webhook = w.pk AND d.state = 'pending'),
		'failures', s.failures, 'failing_since', rfc3339(s.failing_since), 'delivered', rfc3339(s.delivered),
		'actor', w.actor, 'created', rfc3339(w.created), 'updated', rfc3339(w.updated))
$$;

CREATE FUNCTION webhook_delivery_json(d webhook_delivery) RETURNS json
LANGUAGE sql STABLE
AS $$
	SELECT json_build_object('pk', d.pk, 'webhook', d.webhook, 'seq', d.seq, 'event', d.event,
		'type', 'mediastore.' || d.what, 'subject', d.subject, 'state', d.state, 'job', d.job, 'attempts', d.attempts,
		'status', d.status, 'answer', d.answer,
		'error', CASE WHEN d.error_code IS NOT NULL
			THEN json_build_object('code', d.error_code, 'message', d.error_message) END,
		'next_attempt', (SELECT rfc3339(j.next_run_at) FROM job j WHERE j.id = d.job AND j.state = 'queued'),
		'created', rfc3339(d.created), 'updated', rfc3339(d.updated))
$$;

-- One attempt has failed; the last one, if `final`. The webhook rests a little, longer each time.
CREATE FUNCTION webhook_missed(the_job uuid, final boolean, the_status integer, the_answer text, code text, message text)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	hook bigint;
BEGIN
	UPDATE webhook_delivery SET state = CASE WHEN final THEN 'failed' ELSE state END, attempts = attempts + 1,
		status = the_status, answer = the_answer, error_code = code, error_message = message, updated = now()
	WHERE job = the_job AND state = 'pending' RETURNING webhook INTO hook;
	UPDATE webhook_state SET failures = failures + 1, failing_since = coalesce(failing_since, now()),
		paused_until = now() + least(power(2, least(failures, 6)), 60) * interval '1 s'
	WHERE webhook = hook;
END
$$;

CREATE FUNCTION webhook_told(the_job uuid, the_status integer, the_answer text) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	hook bigint;
BEGIN
	UPDATE webhook_delivery SET state = 'delivered', attempts = attempts + 1, status = the_status, answer = the_answer,
		error_code = NULL, error_message = NULL, updated = now()
	WHERE job = the_job AND state = 'pending' RETURNING webhook INTO hook;
	UPDATE webhook_state SET failures = 0, failing_since = NULL, paused_until = NULL, delivered = now()
	WHERE webhook = hook;
END
$$;

-- What waits is given up, and can be sent again.
CREATE FUNCTION webhook_give_up(hook bigint, reason text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
	WITH given_up AS (
		UPDATE webhook_delivery SET state = 'failed', error_code = 'cancelled', error_message = reason, updated = now()
		WHERE webhook = hook AND state = 'pending' RETURNING job
	)
	UPDATE job SET state = 'cancelled', overdue_at = NULL, updated = now()
	FROM given_up WHERE job.id = given_up.job AND job.state IN ('queued', 'running', 'dead');
END
$$;

CREATE FUNCTION webhook_disable(hook bigint, reason text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
	UPDATE webhook SET active = false, disabled_reason = reason, updated = now() WHERE pk = hook AND active;
	IF FOUND THEN
		PERFORM webhook_give_up(hook, 'the webhook was disabled: ' || reason);
	END IF;
END
$$;

-- A new job for a delivery that has ended. Its event must still be there.
CREATE FUNCTION webhook_resend(delivery bigint, attempts bigint) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	d webhook_delivery;
BEGIN
	SELECT * INTO STRICT d FROM webhook_delivery WHERE pk = delivery FOR UPDATE;
	UPDATE job SET state = 'cancelled', updated = now() WHERE id = d.job AND state = 'dead';
	UPDATE webhook_delivery SET state = 'pending', job = gen_random_uuid(), error_code = NULL, error_message = NULL,
		updated = now() WHERE pk = delivery RETURNING * INTO d;
	INSERT INTO job (id, kind, class, state, max_attempts) VALUES (d.job, 'deliver', 'background', 'queued', attempts);
END
$$;
