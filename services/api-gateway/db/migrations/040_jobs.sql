-- SPDX-License-Identifier: MIT
-- Jobs as people see them: where a copy goes, how far a job is, which attempts have failed and why.

ALTER TABLE job
	ADD COLUMN to_store bigint CONSTRAINT job_to_store_fkey REFERENCES store ON DELETE SET NULL,
	ADD COLUMN to_key text COLLATE "C",
	ADD COLUMN worker text,
	ADD COLUMN done bigint,
	ADD COLUMN total bigint,
	ADD COLUMN reported timestamptz,
	ADD COLUMN begun timestamptz,
	ADD COLUMN tries jsonb NOT NULL DEFAULT '[]';
COMMENT ON COLUMN job.done IS 'bytes that have passed in this attempt, as its worker said at `reported`';
COMMENT ON COLUMN job.tries IS 'the last attempts that failed: [{attempt, begun, ended, worker, error}]';

CREATE INDEX job_created ON job (created, id);
CREATE INDEX job_trouble ON job (created, id) WHERE state IN ('failed', 'dead');
CREATE INDEX job_pid ON job (pid, created, id) WHERE pid IS NOT NULL;
CREATE INDEX job_to_store ON job (to_store) WHERE to_store IS NOT NULL;

-- A new attempt starts from nothing; one that failed is remembered, the last ten of them.
CREATE FUNCTION job_before_change() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
	IF NEW.state = 'running' THEN
		NEW.begun := now();
		NEW.worker := NULL;
		NEW.done := NULL;
		NEW.total := NULL;
		NEW.reported := NULL;
		RETURN NEW;
	END IF;
	NEW.tries := jsonb_path_query_array(OLD.tries, '$[last - 8 to last]') || jsonb_build_object(
		'attempt', OLD.attempt, 'begun', rfc3339(coalesce(OLD.begun, OLD.created)), 'ended', rfc3339(now()),
		'worker', OLD.worker, 'error', jsonb_build_object('code', NEW.error_code, 'message', NEW.error_message));
	RETURN NEW;
END
$$;

CREATE TRIGGER job_begins BEFORE UPDATE ON job
	FOR EACH ROW WHEN (NEW.state = 'running' AND OLD.state <> 'running') EXECUTE FUNCTION job_before_change();
CREATE TRIGGER job_attempt_failed BEFORE UPDATE ON job
	FOR EACH ROW WHEN (OLD.state = 'running' AND NEW.state <> 'running' AND NEW.error_code IS NOT NULL
		AND NEW.attempt = OLD.attempt)
	EXECUTE FUNCTION job_before_change();

CREATE FUNCTION job_json(j job) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT json_build_object('id', j.id, 'kind', j.kind, 'class', j.class, 'state', j.state, 'pid', j.pid,
		'store', j.store, 'store_key', j.store_key, 'to_store', j.to_store, 'to_key', j.to_key,
		'attempt', j.attempt, 'max_attempts', j.max_attempts, 'attempts_failed', j.tries,
		'progress', CASE WHEN j.reported IS NOT NULL THEN json_build_object('done', j.done, 'total', j.total,
			'worker', j.worker, 'at', rfc3339(j.reported)) END,
		'next_run_at', CASE WHEN j.state = 'queued' THEN rfc3339(j.next_run_at) END,
		'deadline', rfc3339(j.deadline), 'result', j.result,
		'error', CASE WHEN j.error_code IS NOT NULL
			THEN json_build_object('code', j.error_code, 'message', j.error_message) END,
		'actor', j.spec ->> 'actor', 'request_id', j.request_id,
		'created', rfc3339(j.created), 'updated', rfc3339(j.updated))
$$;
