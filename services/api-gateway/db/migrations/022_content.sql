-- SPDX-License-Identifier: MIT
-- More about a media's bytes: checksums that somebody asked for, and when they last became others.

ALTER TABLE media
	ADD COLUMN crc32c text CONSTRAINT media_crc32c_check CHECK (crc32c ~ '^[0-9a-f]{8}$'),
	ADD COLUMN md5 text CONSTRAINT media_md5_check CHECK (md5 ~ '^[0-9a-f]{32}$'),
	ADD COLUMN content_changed timestamptz;
COMMENT ON COLUMN media.content_changed IS 'to the second, and never the same for two contents in turn; NULL: before there was this column';

-- Before media_before_update (triggers run in the order of their names). What was said of other bytes holds no
-- longer, whichever statement brought the new ones. The date is what HTTP calls a strong validator: it is a second
-- later than the one before, at least.
CREATE FUNCTION media_before_content() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
	IF NEW.crc32c IS NOT DISTINCT FROM OLD.crc32c THEN
		NEW.crc32c := NULL;
	END IF;
	IF NEW.md5 IS NOT DISTINCT FROM OLD.md5 THEN
		NEW.md5 := NULL;
	END IF;
	IF NEW.sha256 IS NOT NULL THEN
		NEW.content_changed := greatest(date_trunc('second', now()),
			date_trunc('second', coalesce(OLD.content_changed, OLD.created)) + interval '1 s');
	END IF;
	RETURN NEW;
END
$$;

CREATE TRIGGER media_before_content BEFORE UPDATE ON media
	FOR EACH ROW WHEN (NEW.sha256 IS DISTINCT FROM OLD.sha256) EXECUTE FUNCTION media_before_content();

CREATE OR REPLACE FUNCTION media_json(m media, s store, c s3_config) RETURNS json
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
		'checksums', CASE WHEN m.sha256 IS NULL THEN '{}'::json
			WHEN m.crc32c IS NULL AND m.md5 IS NULL THEN json_build_object('sha256', m.sha256)
			ELSE json_strip_nulls(json_build_object('sha256', m.sha256, 'crc32c', m.crc32c, 'md5', m.md5)) END,
		'created', to_char(m.created AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
		'updated', to_char(m.updated AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
$$;

CREATE OR REPLACE FUNCTION media_event_body(m media, store_type text, bucket text, operation text, changed text[],
	actor text) RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
DECLARE
	body jsonb := jsonb_build_object('pid', m.pid, 'pid_type', m.pid_type, 'version', m.version::text,
		'op', operation, 'changed', to_jsonb(changed),
		'store', jsonb_build_object('pk', m.store, 'type', store_type, 'bucket', bucket),
		'store_key', m.store_key, 'store_status', m.store_status, 'size', m.size, 'content_type', m.content_type,
		'checksums', CASE WHEN m.sha256 IS NULL THEN '{}'
			ELSE jsonb_strip_nulls(jsonb_build_object('sha256', m.sha256, 'crc32c', m.crc32c, 'md5', m.md5)) END,
		'identifiers', m.identifiers, 'tags', to_jsonb(m.tags), 'actor', actor, 'time', rfc3339(now()));
BEGIN
	-- what is stored may be compressed, but hardly to 1/255: only documents that may be too large are measured as text
	IF pg_column_size(m.metadata) > 180 AND octet_length(m.metadata::text) > 48 * 1024 THEN
		RETURN body || jsonb_build_object('metadata_url', '/api/media?pid=' || percent_encode(m.pid));
	END IF;
	RETURN body || jsonb_build_object('metadata', m.metadata);
END
$$;
