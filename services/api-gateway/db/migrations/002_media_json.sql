-- SPDX-License-Identifier: MIT
-- What the API says about a media and a store. Inlined into the calling query: no call per row.

-- RFC 3339 with milliseconds, always UTC, whatever the session's time zone.
CREATE FUNCTION rfc3339(at timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') $$;

CREATE FUNCTION unix_ms(at timestamptz) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT (extract(epoch FROM at) * 1000)::bigint $$;

CREATE FUNCTION from_unix_ms(ms bigint) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT to_timestamp(ms / 1000.0) $$;

CREATE FUNCTION store_json(s store, c s3_config) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT json_build_object('pk', s.pk, 'type', s.type, 'bucket', s.bucket, 's3_url', coalesce(c.url, ''),
		'site', s.site)
$$;

CREATE FUNCTION media_json(m media, s store, c s3_config) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
	SELECT json_build_object(
		'pk', m.pk,
		'pid', m.pid,
		'pid_type', m.pid_type,
		'mark', m.mark,
		'version', m.version::text,
		'store_config', json_build_object('pk', s.pk, 'type', s.type, 'bucket', s.bucket,
			's3_url', coalesce(c.url, ''), 'site', s.site),
		'store_key', m.store_key,
		'store_status', m.store_status,
		'identifiers', m.identifiers,
		'metadata', m.metadata,
		'tags', m.tags,
		'size', m.size,
		'content_type', m.content_type,
		'checksums', CASE WHEN m.sha256 IS NULL THEN '{}'::json ELSE json_build_object('sha256', m.sha256) END,
		'created', to_char(m.created AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
		'updated', to_char(m.updated AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
$$;

-- The parts of a MediaCreate document, forgiving what is missing or null.
CREATE FUNCTION document_object(document jsonb, name text) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT coalesce(nullif(document -> name, 'null'::jsonb), '{}'::jsonb) $$;

CREATE FUNCTION document_tags(document jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
	SELECT ARRAY(
		SELECT tag FROM jsonb_array_elements_text(
			CASE jsonb_typeof(document -> 'tags') WHEN 'array' THEN document -> 'tags' ELSE '[]' END)
			WITH ORDINALITY AS list(tag, place)
		ORDER BY place)
$$;
