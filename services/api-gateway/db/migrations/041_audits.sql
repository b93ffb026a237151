-- SPDX-License-Identifier: MIT
-- Audits of a store: what its worker finds there, page by page, against the media that name it.

CREATE TABLE audit_finding (
	pk bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT audit_finding_pkey PRIMARY KEY,
	job uuid NOT NULL CONSTRAINT audit_finding_job_fkey REFERENCES job ON DELETE CASCADE,
	kind text NOT NULL CONSTRAINT audit_finding_kind_check
		CHECK (kind IN ('missing', 'corrupt', 'unreadable', 'unreferenced')),
	store_key text COLLATE "C" NOT NULL,
	pid text COLLATE "C",
	size bigint,
	sha256 text,
	expected_size bigint,
	expected_sha256 text,
	code text
);
CREATE INDEX audit_finding_job ON audit_finding (job, pk);
COMMENT ON COLUMN audit_finding.pid IS 'as it was when it was found; NULL: no media';

-- At most one at a time for each store.
CREATE UNIQUE INDEX job_audit ON job (store) WHERE kind = 'audit' AND state IN ('queued', 'running');

-- One page: [{key, size, modified, sha256?, code?}], all objects with keys in (after, last], last NULL: to the end.
-- What was changed since the page was asked for is left out: the listing may be older. The counts so far are the
-- job's result, which is returned.
CREATE FUNCTION audit_page(audit uuid, the_store bigint, after text, last text, page jsonb, begun timestamptz,
	grace interval) RETURNS jsonb
LANGUAGE plpgsql
AS $$
DECLARE
	counts jsonb;
BEGIN
	WITH seen AS MATERIALIZED (
		SELECT key COLLATE "C" AS key, size, modified, sha256, code
		FROM jsonb_to_recordset(page) AS object(key text, size bigint, modified bigint, sha256 text, code text)
	), named AS MATERIALIZED (
		SELECT pid, store_key, store_status, size, sha256, updated FROM media
		WHERE store = the_store AND store_key > after AND (last IS NULL OR store_key <= last)
	), found AS (
		SELECT CASE WHEN s.key IS NULL THEN 'missing'
				WHEN s.size <> n.size OR s.sha256 <> n.sha256 THEN 'corrupt'
				WHEN s.code IS NOT NULL THEN 'unreadable' END AS kind,
			n.store_key, n.pid, s.size, s.sha256, n.size AS expected_size, n.sha256 AS expected_sha256, s.code
		FROM named n LEFT JOIN seen s ON s.key = n.store_key
		WHERE n.store_status = 'READY' AND n.updated < begun
		UNION ALL
		SELECT 'unreferenced', s.key, NULL, s.size, s.sha256, NULL, NULL, NULL
		FROM seen s
		WHERE NOT EXISTS (SELECT FROM named n WHERE n.store_key = s.key)
			AND (s.modified = 0 OR to_timestamp(s.modified / 1000.0) < begun - grace)
			AND NOT EXISTS (SELECT FROM job j WHERE j.state IN ('queued', 'running')
				AND ((j.store = the_store AND s.key IN (j.store_key, j.replaces_key))
					OR (j.to_store = the_store AND j.to_key = s.key)))
	), noted AS (
		INSERT INTO audit_finding (job, kind, store_key, pid, size, sha256, expected_size, expected_sha256, code)
		SELECT audit, kind, store_key, pid, size, sha256, expected_size, expected_sha256, code
		FROM found WHERE kind IS NOT NULL ORDER BY store_key
		RETURNING kind
	)
	SELECT jsonb_build_object('objects', (SELECT count(*) FROM seen), 'bytes', (SELECT coalesce(sum(size), 0) FROM seen),
		'missing', count(*) FILTER (WHERE kind = 'missing'), 'corrupt', count(*) FILTER (WHERE kind = 'corrupt'),
		'unreadable', count(*) FILTER (WHERE kind = 'unreadable'),
		'unreferenced', count(*) FILTER (WHERE kind = 'unreferenced'))
	INTO counts FROM noted;

	UPDATE job j SET result = (SELECT jsonb_object_agg(name, value::bigint + coalesce((j.result ->> name)::bigint, 0))
		FROM jsonb_each_text(counts) AS each(name, value)) WHERE id = audit
	RETURNING j.result INTO counts;
	RETURN counts;
END
$$;
