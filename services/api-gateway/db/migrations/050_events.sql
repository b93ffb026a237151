-- SPDX-License-Identifier: MIT
-- Events of everything, and cheaper relaying: published is a number instead of a column of each event.

-- Whether the bytes that a media had last were lost or corrupt: an upload that mends it makes it PENDING first.
CREATE FUNCTION media_was_gone(o media) RETURNS boolean
LANGUAGE sql STABLE
AS $$
	SELECT CASE o.store_status
		WHEN 'PENDING' THEN o.version > 1 AND coalesce((
			SELECT h.data ->> 'store_status' IN ('LOST', 'CORRUPT') FROM media_history h
			WHERE h.media = o.pk AND h.data ->> 'store_status' <> 'PENDING' ORDER BY h.version DESC LIMIT 1), false)
		ELSE o.store_status IN ('LOST', 'CORRUPT') END
$$;

-- Every version of a media has an event: what nothing else names is 'updated.content' (the type or name of its bytes, or
-- that they are to be uploaded anew).
CREATE OR REPLACE FUNCTION media_what(o media, n media) RETURNS text[]
LANGUAGE sql STABLE
AS $$
	SELECT CASE kinds WHEN '{}' THEN ARRAY['updated.content'] ELSE kinds END
	FROM (SELECT array_remove(ARRAY[
		CASE WHEN n.pid IS DISTINCT FROM o.pid OR n.pid_type IS DISTINCT FROM o.pid_type THEN 'updated.pid' END,
		CASE WHEN n.identifiers IS DISTINCT FROM o.identifiers THEN 'updated.identifiers' END,
		CASE WHEN n.metadata IS DISTINCT FROM o.metadata THEN 'updated.metadata' END,
		CASE WHEN n.tags IS DISTINCT FROM o.tags THEN 'updated.tags' END,
		CASE WHEN n.store IS DISTINCT FROM o.store THEN 'moved'
			WHEN n.store_key IS DISTINCT FROM o.store_key AND (n.store_status <> 'READY' OR n.sha256 = o.sha256)
			THEN 'updated.storekey' END,
		CASE WHEN n.store_status = 'READY' THEN
			CASE WHEN o.store_status <> 'READY' OR n.sha256 <> o.sha256 OR n.size <> o.size THEN 'ready' END
		WHEN n.store_status <> o.store_status AND n.store_status <> 'PENDING' THEN lower(n.store_status)
		END,
		CASE WHEN n.store_status = 'READY' AND media_was_gone(o) THEN 'restored' END], NULL)) AS list(kinds)
$$;

-- json, not jsonb: bodies are written once and handed on as text, at half the cost. seq is put in front when they are read.
ALTER TABLE outbox ALTER COLUMN body TYPE json USING body::json;
ALTER TABLE event ALTER COLUMN body TYPE json USING (body - 'seq')::json;

-- What subscribers are told of a media. Never a secret, never a presigned URL.
DROP FUNCTION media_event_body;
CREATE FUNCTION media_event_body(m media, store_type text, bucket text, operation text, changed text[], actor text)
RETURNS json
LANGUAGE plpgsql STABLE
AS $$
DECLARE
	-- what is stored may be compressed, but hardly to 1/255: only documents that may be too large are measured as text
	large boolean := pg_column_size(m.metadata) > 180 AND octet_length(m.metadata::text) > 48 * 1024;
BEGIN
	RETURN json_build_object('pid', m.pid, 'pid_type', m.pid_type, 'version', m.version::text,
		'op', operation, 'changed', changed,
		'store', json_build_object('pk', m.store, 'type', store_type, 'bucket', bucket),
		'store_key', m.store_key, 'store_status', m.store_status, 'size', m.size, 'content_type', m.content_type,
		'checksums', CASE WHEN m.sha256 IS NULL THEN '{}'::json
			WHEN m.crc32c IS NULL AND m.md5 IS NULL THEN json_build_object('sha256', m.sha256)
			ELSE json_strip_nulls(json_build_object('sha256', m.sha256, 'crc32c', m.crc32c, 'md5', m.md5)) END,
		'identifiers', m.identifiers, 'tags', m.tags, 'actor', actor, 'time', rfc3339(now()),
		CASE WHEN large THEN 'metadata_url' ELSE 'metadata' END,
		CASE WHEN large THEN to_jsonb('/api/media?pid=' || percent_encode(m.pid)) ELSE m.metadata END);
END
$$;

CREATE FUNCTION event_actor() RETURNS text
LANGUAGE sql STABLE
AS $$ SELECT nullif(current_setting('mediastore.actor', true), '') $$;

CREATE FUNCTION job_after_change() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
	INSERT INTO outbox (media, routing_key, what, subject, body)
	VALUES (NEW.media, 'job.' || NEW.state || '.' || routing_word(NEW.kind), 'job.' || NEW.state, NEW.id,
		json_build_object('job', NEW.id, 'kind', NEW.kind, 'class', NEW.class, 'state', NEW.state,
			'attempt', NEW.attempt, 'max_attempts', NEW.max_attempts, 'pid', NEW.pid,
			'store', (SELECT json_build_object('pk', s.pk, 'type', s.type, 'bucket', s.bucket) FROM store s
				WHERE s.pk = NEW.store),
			'store_key', NEW.store_key, 'request_id', NEW.request_id,
			'error', CASE WHEN NEW.error_code IS NOT NULL
				THEN json_build_object('code', NEW.error_code, 'message', NEW.error_message) END,
			'actor', event_actor(), 'time', rfc3339(now())));
	RETURN NULL;
END
$$;

CREATE FUNCTION store_after_change() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
	s store := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
	kind text := 'store.' || CASE TG_OP WHEN 'DELETE' THEN 'deleted' ELSE 'created' END;
BEGIN
	INSERT INTO outbox (routing_key, what, subject, body)
	VALUES (kind, kind, s.pk, json_build_object('op', lower(TG_OP),
		'store', json_build_object('pk', s.pk, 'type', s.type, 'bucket', s.bucket, 'site', s.site,
			's3_url', coalesce((SELECT url FROM s3_config WHERE pk = s.s3_config), '')),
		'actor', event_actor(), 'time', rfc3339(now())));
	RETURN NULL;
END
$$;

CREATE FUNCTION identifier_after_change() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
	i identifier_type := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
	kind text := 'identifier.' || CASE TG_OP WHEN 'DELETE' THEN 'deleted' WHEN 'INSERT' THEN 'created' ELSE 'updated' END;
BEGIN
	INSERT INTO outbox (routing_key, what, subject, body)
	VALUES (kind, kind, i.name, json_build_object('op', lower(TG_OP), 'name', i.name, 'pattern', i.pattern,
		'actor', event_actor(), 'time', rfc3339(now())));
	RETURN NULL;
END
$$;

CREATE TRIGGER job_after_insert AFTER INSERT ON job
	FOR EACH ROW EXECUTE FUNCTION job_after_change();
CREATE TRIGGER job_after_update AFTER UPDATE OF state ON job
	FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION job_after_change();
CREATE TRIGGER store_after_change AFTER INSERT OR DELETE ON store
	FOR EACH ROW EXECUTE FUNCTION store_after_change();
CREATE TRIGGER identifier_after_change AFTER INSERT OR DELETE ON identifier_type
	FOR EACH ROW EXECUTE FUNCTION identifier_after_change();
CREATE TRIGGER identifier_after_update AFTER UPDATE ON identifier_type
	FOR EACH ROW WHEN (OLD.name <> NEW.name OR OLD.pattern <> NEW.pattern) EXECUTE FUNCTION identifier_after_change();

-- Up to which seq the broker has confirmed. Not a column of event: marking would write every row, and three index entries
-- with it, a second time. Not beside event_sequence.last either: that row is locked while events are numbered.
CREATE TABLE event_published (
	singleton boolean CONSTRAINT event_published_pkey PRIMARY KEY DEFAULT true
		CONSTRAINT event_published_check CHECK (singleton),
	seq bigint NOT NULL
);
INSERT INTO event_published (seq)
	SELECT coalesce((SELECT min(seq) - 1 FROM event WHERE NOT published), (SELECT last FROM event_sequence));
DROP INDEX event_unpublished, event_created;
ALTER TABLE event DROP COLUMN published, DROP CONSTRAINT event_id_key;

-- As before; and it looks first, so that an idle relay writes nothing.
CREATE OR REPLACE FUNCTION relay_outbox(most bigint) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
	start bigint;
	moved bigint;
BEGIN
	IF NOT EXISTS (SELECT FROM outbox) THEN
		RETURN 0;
	END IF;
	SELECT last INTO STRICT start FROM event_sequence FOR UPDATE;
	WITH taken AS (
		DELETE FROM outbox WHERE id = ANY (ARRAY(SELECT id FROM outbox ORDER BY id LIMIT most)) RETURNING *
	)
	INSERT INTO event (seq, id, media, routing_key, what, subject, body, created)
	SELECT start + row_number() OVER (ORDER BY id), event_id, media, routing_key, what, subject, body, created
	FROM taken;
	GET DIAGNOSTICS moved = ROW_COUNT;
	IF moved > 0 THEN
		UPDATE event_sequence SET last = start + moved;
	END IF;
	RETURN moved;
END
$$;
