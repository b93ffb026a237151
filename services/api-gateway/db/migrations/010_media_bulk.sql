-- SPDX-License-Identifier: MIT
-- Many media in one statement. What is wrong with one element is told as a row (place in the request from 1, kind of
-- error, sentence) and leaves the others alone. All rows are locked first and in the order of pk, so that two requests
-- can never wait for each other in a circle; then the elements are applied one after another, as the request has them.

CREATE INDEX media_tags ON media USING gin (tags);

CREATE FUNCTION document_texts(document jsonb, name text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
	SELECT ARRAY(
		SELECT item FROM jsonb_array_elements_text(
			CASE jsonb_typeof(document -> name) WHEN 'array' THEN document -> name ELSE '[]' END)
			WITH ORDINALITY AS list(item, place)
		ORDER BY place)
$$;

-- A document after a change at a path of members: 'set' puts data there, 'merge' adds its members to the object there,
-- 'remove' takes out what is there. Objects on the way are made. `blocked` says what is in the way instead.
CREATE FUNCTION metadata_changed(document jsonb, how text, path text[], data jsonb, OUT changed jsonb, OUT blocked text)
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
	depth int := cardinality(path);
	known int := 0;
	node jsonb := document;
BEGIN
	WHILE known < depth LOOP
		IF jsonb_typeof(node) <> 'object' THEN
			blocked := CASE known WHEN 0 THEN 'the metadata is' ELSE 'what is at ' || array_to_json(path[1:known])::text || ' is' END
				|| ' no object, so nothing can be below it';
			RETURN;
		END IF;
		EXIT WHEN NOT node ? path[known + 1];
		known := known + 1;
		node := node -> path[known];
	END LOOP;

	IF how = 'remove' THEN
		changed := CASE WHEN depth = 0 THEN '{}' WHEN known < depth THEN document ELSE document #- path END;
		RETURN;
	END IF;
	IF how = 'merge' AND known = depth AND (jsonb_typeof(node) = 'object' OR jsonb_typeof(data) = 'object') THEN
		IF jsonb_typeof(node) <> jsonb_typeof(data) THEN
			blocked := 'only an object can be merged into an object';
			RETURN;
		END IF;
		data := node || data;
	END IF;
	FOR i IN REVERSE depth .. known + 2 LOOP
		data := jsonb_build_object(path[i], data);
	END LOOP;
	changed := CASE depth WHEN 0 THEN data ELSE jsonb_set(document, path[1:least(known + 1, depth)], data) END;
END
$$;

-- Whether an upload is under way, which a new place for the bytes would lead astray.
CREATE FUNCTION media_in_transfer(media_pk bigint) RETURNS boolean
LANGUAGE sql STABLE
AS $$ SELECT EXISTS (SELECT FROM job WHERE media = media_pk AND state IN ('queued', 'running')) $$;

-- Changes of the bytes' place: of a READY media only by whoever has looked whether the bytes are there.
CREATE FUNCTION media_may_repoint(m media, OUT error text, OUT msg text)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
	IF m.store_status = 'READY' THEN
		error := 'conflict';
		msg := 'this media is READY and has changed meanwhile; try again';
	ELSIF media_in_transfer(m.pk) THEN
		error := 'conflict';
		msg := 'an upload of this media is under way';
	END IF;
END
$$;

CREATE FUNCTION media_change_place(m media, new_key text, OUT error text, OUT msg text)
LANGUAGE plpgsql
AS $$
BEGIN
	IF m.store_key = new_key THEN
		RETURN;
	END IF;
	SELECT r.error, r.msg INTO error, msg FROM media_may_repoint(m) r;
	IF error IS NOT NULL THEN
		RETURN;
	END IF;
	UPDATE media SET store_key = new_key WHERE pk = m.pk;
EXCEPTION WHEN unique_violation THEN
	error := 'conflict';
	msg := 'the store holds another media under this key';
END
$$;

-- one: {new_pid?, pid_type?, store? (pk), had_type}: had_type is what the new pid was checked by.
CREATE FUNCTION media_change_identity(m media, one jsonb, OUT error text, OUT msg text)
LANGUAGE plpgsql
AS $$
DECLARE
	new_pid text := coalesce(one ->> 'new_pid', m.pid);
	new_type text := coalesce(one ->> 'pid_type', m.pid_type);
	new_store bigint := coalesce((one ->> 'store')::bigint, m.store);
	violated text;
BEGIN
	IF m.pid_type <> one ->> 'had_type' THEN
		error := 'conflict';
		msg := 'this media has changed meanwhile; try again';
	ELSIF m.identifiers ->> new_type <> new_pid THEN
		error := 'invalid';
		msg := format('duplicate pid_type in identifiers DO NOT MATCH: %s != %s', m.identifiers ->> new_type, new_pid);
	ELSIF new_store <> m.store THEN
		SELECT r.error, r.msg INTO error, msg FROM media_may_repoint(m) r;
	END IF;
	IF error IS NOT NULL THEN
		RETURN;
	END IF;
	UPDATE media SET pid = new_pid, pid_type = new_type, store = new_store, identifiers = identifiers - new_type
	WHERE pk = m.pk;
EXCEPTION
WHEN unique_violation THEN
	GET STACKED DIAGNOSTICS violated = CONSTRAINT_NAME;
	error := 'conflict';
	msg := CASE violated WHEN 'media_pid_key' THEN 'a media with this pid exists already'
		ELSE 'the store holds another media under this key' END;
WHEN foreign_key_violation THEN
	error := 'conflict';
	msg := 'the identifier type or the store was deleted meanwhile';
END
$$;

CREATE FUNCTION media_change_documents(kind text, m media, one jsonb, OUT error text, OUT msg text)
LANGUAGE plpgsql
AS $$
DECLARE
	new_tags text[];
	document jsonb;
BEGIN
	IF kind = 'tags.add' OR kind = 'tags.set' THEN
		new_tags := document_texts(one, 'tags');
		IF kind = 'tags.add' THEN
			new_tags := m.tags || ARRAY(SELECT tag FROM unnest(new_tags) WITH ORDINALITY AS list(tag, place)
				WHERE tag <> ALL (m.tags) GROUP BY tag ORDER BY min(place));
		END IF;
		IF cardinality(new_tags) > 10000 THEN
			error := 'invalid';
			msg := 'more than 10000 tags';
			RETURN;
		END IF;
		UPDATE media SET tags = new_tags WHERE pk = m.pk;
	ELSIF kind = 'identifiers.set' THEN
		document := document_object(one, 'identifiers');
		IF document ->> m.pid_type <> m.pid THEN
			error := 'invalid';
			msg := format('duplicate pid_type in identifiers DO NOT MATCH: %s != %s', document ->> m.pid_type, m.pid);
			RETURN;
		END IF;
		UPDATE media SET identifiers = document - m.pid_type WHERE pk = m.pk;
	ELSE
		SELECT c.changed, c.blocked INTO document, msg
		FROM metadata_changed(m.metadata, split_part(kind, '.', 2), document_texts(one, 'keys'), one -> 'data') c;
		IF msg IS NOT NULL THEN
			error := 'conflict';
			RETURN;
		END IF;
		UPDATE media SET metadata = document WHERE pk = m.pk;
	END IF;
END
$$;

-- kind: tags.add, tags.set, identifiers.set, metadata.set, metadata.merge, metadata.remove, storekey, identity.
-- updates: [{pid, if_match?, ...}]; skipped: places that are not looked at; wanted: the versions that If-Match names, or
-- NULL. A row with place 0 refuses the whole.
CREATE FUNCTION media_update_many(actor text, request text, kind text, updates jsonb, skipped bigint[], wanted text[])
RETURNS TABLE (place bigint, error text, msg text)
LANGUAGE plpgsql
AS $$
DECLARE
	one jsonb;
	m media;
BEGIN
	PERFORM set_config('mediastore.actor', coalesce(actor, ''), true),
		set_config('mediastore.request_id', coalesce(request, ''), true);
	PERFORM 1 FROM media WHERE pid IN (SELECT u ->> 'pid' FROM jsonb_array_elements(updates) AS list(u)) ORDER BY pk FOR UPDATE;
	IF wanted IS NOT NULL AND EXISTS (SELECT FROM jsonb_array_elements(updates) AS list(u) JOIN media x ON x.pid = u ->> 'pid'
		WHERE NOT (x.version::text = ANY (wanted) OR '*' = ANY (wanted))) THEN
		RETURN QUERY VALUES (0::bigint, 'precondition_failed', '');
		RETURN;
	END IF;
	FOR place, one IN SELECT n, u FROM jsonb_array_elements(updates) WITH ORDINALITY AS list(u, n)
		WHERE n NOT IN (SELECT unnest(skipped)) ORDER BY n LOOP
		error := NULL;
		SELECT * INTO m FROM media WHERE pid = one ->> 'pid' FOR UPDATE;
		IF NOT FOUND THEN
			error := 'not_found';
			msg := 'no media has this pid';
		ELSIF m.version::text <> btrim(one ->> 'if_match', '"') THEN
			error := 'precondition_failed';
			msg := 'this media has another version than if_match names';
		ELSIF kind = 'storekey' THEN
			SELECT r.error, r.msg INTO error, msg FROM media_change_place(m, one ->> 'store_key') r;
		ELSIF kind = 'identity' THEN
			SELECT r.error, r.msg INTO error, msg FROM media_change_identity(m, one) r;
		ELSE
			SELECT r.error, r.msg INTO error, msg FROM media_change_documents(kind, m, one) r;
		END IF;
		IF error IS NOT NULL THEN
			RETURN NEXT;
		END IF;
	END LOOP;
END
$$;

-- pids: a JSON array. Each media's bytes are deleted by a job. A pid named twice is not found the second time.
CREATE FUNCTION media_delete_many(actor text, request text, pids jsonb, wanted text[])
RETURNS TABLE (place bigint, error text, msg text)
LANGUAGE plpgsql
AS $$
DECLARE
	gone text[];
BEGIN
	PERFORM set_config('mediastore.actor', coalesce(actor, ''), true),
		set_config('mediastore.request_id', coalesce(request, ''), true);
	PERFORM 1 FROM media WHERE pid IN (SELECT jsonb_array_elements_text(pids)) ORDER BY pk FOR UPDATE;
	IF wanted IS NOT NULL AND EXISTS (SELECT FROM jsonb_array_elements_text(pids) AS list(p) JOIN media x ON x.pid = p
		WHERE NOT (x.version::text = ANY (wanted) OR '*' = ANY (wanted))) THEN
		RETURN QUERY VALUES (0::bigint, 'precondition_failed', '');
		RETURN;
	END IF;
	WITH deleted AS (
		DELETE FROM media WHERE pid IN (SELECT jsonb_array_elements_text(pids)) RETURNING pid, store, store_key
	), cleared AS (
		INSERT INTO job (id, kind, class, state, store, store_key, pid, max_attempts, request_id)
		SELECT gen_random_uuid(), 'delete', 'background', 'queued', d.store, d.store_key, d.pid, 10, request FROM deleted d
	)
	SELECT coalesce(array_agg(d.pid), '{}') INTO gone FROM deleted d;
	RETURN QUERY
		SELECT n, 'not_found', CASE WHEN turn > 1 THEN 'named before in the same request' ELSE 'no media has this pid' END
		FROM (SELECT p, n, row_number() OVER (PARTITION BY p ORDER BY n) AS turn
			FROM jsonb_array_elements_text(pids) WITH ORDINALITY AS list(p, n)) AS asked
		WHERE turn > 1 OR p NOT IN (SELECT unnest(gone))
		ORDER BY n;
END
$$;
