-- SPDX-License-Identifier: MIT
-- Every change of a media: version, mark and time before it; history and events after it, in its transaction. Done
-- here so that no code path can forget it. Who did it stands in mediastore.actor and mediastore.request_id, set by the
-- statement itself (set_config, local).

-- A word of a routing key: what AMQP or a shell gives a meaning becomes '_'.
CREATE FUNCTION routing_word(word text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT translate(word, E'.*# \t\r\n', '_______') $$;

-- RFC 3986: everything but the unreserved characters.
CREATE FUNCTION percent_encode(word text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
	SELECT coalesce(string_agg(CASE WHEN c ~ '[A-Za-z0-9_.~-]' THEN c
		ELSE upper(regexp_replace(encode(convert_to(c, 'UTF8'), 'hex'), '(..)', '%\1', 'g')) END, '' ORDER BY place), '')
	FROM regexp_split_to_table(word, '') WITH ORDINALITY AS list(c, place)
$$;

CREATE FUNCTION media_before_update() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
	-- who holds the bytes and how long a URL works are our own notes, no change of the media
	IF (NEW.pid, NEW.pid_type, NEW.store, NEW.store_key, NEW.store_status, NEW.identifiers, NEW.metadata, NEW.tags,
		NEW.size, NEW.content_type, NEW.filename, NEW.sha256)
		IS DISTINCT FROM
		(OLD.pid, OLD.pid_type, OLD.store, OLD.store_key, OLD.store_status, OLD.identifiers, OLD.metadata, OLD.tags,
		OLD.size, OLD.content_type, OLD.filename, OLD.sha256) THEN
		NEW.version := OLD.version + 1;
		NEW.mark := nextval('media_mark');
		NEW.updated := now();
	END IF;
	RETURN NEW;
END
$$;

-- The kinds of change between two rows, as events name them: one event each.
CREATE FUNCTION media_what(o media, n media) RETURNS text[]
LANGUAGE sql IMMUTABLE
AS $$
	SELECT array_remove(ARRAY[
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
		END], NULL)
$$;

CREATE FUNCTION media_changed(o media, n media) RETURNS text[]
LANGUAGE sql IMMUTABLE
AS $$
	SELECT array_remove(ARRAY[
		CASE WHEN n.pid IS DISTINCT FROM o.pid THEN 'pid' END,
		CASE WHEN n.pid_type IS DISTINCT FROM o.pid_type THEN 'pid_type' END,
		CASE WHEN n.store IS DISTINCT FROM o.store THEN 'store' END,
		CASE WHEN n.store_key IS DISTINCT FROM o.store_key THEN 'store_key' END,
		CASE WHEN n.store_status IS DISTINCT FROM o.store_status THEN 'store_status' END,
		CASE WHEN n.identifiers IS DISTINCT FROM o.identifiers THEN 'identifiers' END,
		CASE WHEN n.metadata IS DISTINCT FROM o.metadata THEN 'metadata' END,
		CASE WHEN n.tags IS DISTINCT FROM o.tags THEN 'tags' END,
		CASE WHEN n.size IS DISTINCT FROM o.size THEN 'size' END,
		CASE WHEN n.content_type IS DISTINCT FROM o.content_type THEN 'content_type' END,
		CASE WHEN n.filename IS DISTINCT FROM o.filename THEN 'filename' END,
		CASE WHEN n.sha256 IS DISTINCT FROM o.sha256 THEN 'checksums' END], NULL)
$$;

-- What subscribers are told; the relay adds seq. Never a secret, never a presigned URL.
CREATE FUNCTION media_event_body(m media, store_type text, bucket text, operation text, changed text[], actor text)
RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
DECLARE
	body jsonb := jsonb_build_object('pid', m.pid, 'pid_type', m.pid_type, 'version', m.version::text,
		'op', operation, 'changed', to_jsonb(changed),
		'store', jsonb_build_object('pk', m.store, 'type', store_type, 'bucket', bucket),
		'store_key', m.store_key, 'store_status', m.store_status, 'size', m.size, 'content_type', m.content_type,
		'checksums', CASE WHEN m.sha256 IS NULL THEN '{}' ELSE jsonb_build_object('sha256', m.sha256) END,
		'identifiers', m.identifiers, 'tags', to_jsonb(m.tags), 'actor', actor, 'time', rfc3339(now()));
BEGIN
	-- what is stored may be compressed, but hardly to 1/255: only documents that may be too large are measured as text
	IF pg_column_size(m.metadata) > 180 AND octet_length(m.metadata::text) > 48 * 1024 THEN
		RETURN body || jsonb_build_object('metadata_url', '/api/media?pid=' || percent_encode(m.pid));
	END IF;
	RETURN body || jsonb_build_object('metadata', m.metadata);
END
$$;

CREATE FUNCTION media_after_change() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
	m media;
	kinds text[];
	changed text[] := '{}';
	who text := nullif(current_setting('mediastore.actor', true), '');
BEGIN
	IF TG_OP = 'UPDATE' THEN
		IF NEW.version = OLD.version THEN
			RETURN NULL;
		END IF;
		m := NEW;
		kinds := media_what(OLD, NEW);
		changed := media_changed(OLD, NEW);
	ELSIF TG_OP = 'INSERT' THEN
		m := NEW;
		kinds := CASE NEW.store_status WHEN 'PENDING' THEN ARRAY['created'] ELSE ARRAY['created', lower(NEW.store_status)] END;
	ELSE
		m := OLD;
		kinds := ARRAY['deleted'];
	END IF;

	INSERT INTO media_history (media, version, op, pid, data, actor, request_id)
	VALUES (m.pk, m.version, lower(TG_OP), m.pid, to_jsonb(m), who,
		nullif(current_setting('mediastore.request_id', true), ''));

	IF kinds <> '{}' THEN
		INSERT INTO outbox (media, routing_key, what, subject, body)
		SELECT m.pk, 'media.' || kind || '.' || routing_word(m.pid_type) || '.' || s.type, 'media.' || kind, m.pid, t.body
		FROM store s, media_event_body(m, s.type, s.bucket, lower(TG_OP), changed, who) AS t(body),
			unnest(kinds) WITH ORDINALITY AS k(kind, place)
		WHERE s.pk = m.store
		ORDER BY place;
	END IF;
	RETURN NULL;
END
$$;

CREATE TRIGGER media_before_update BEFORE UPDATE ON media
	FOR EACH ROW EXECUTE FUNCTION media_before_update();
CREATE TRIGGER media_after_change AFTER INSERT OR UPDATE OR DELETE ON media
	FOR EACH ROW EXECUTE FUNCTION media_after_change();
