-- SPDX-License-Identifier: MIT
-- Work for the planner that a session does once. A function in SQL that is not inlined, because it holds a subquery, is parsed
-- and planned by every statement that calls it: a quarter of what a small put cost here. In plpgsql it is planned once.

-- The plan that a gateway keeps is made when the outbox is empty, and read all of it, for every batch, when a hundred thousand
-- changes came at once. Without sequential scans the plan is the same for any size: along outbox_pkey.
ALTER FUNCTION relay_outbox(bigint) SET enable_seqscan = off;

CREATE OR REPLACE FUNCTION media_was_gone(o media) RETURNS boolean
LANGUAGE plpgsql STABLE
AS $$
BEGIN
	IF o.store_status <> 'PENDING' THEN
		RETURN o.store_status IN ('LOST', 'CORRUPT');
	ELSIF o.version = 1 THEN
		RETURN false;
	END IF;
	RETURN coalesce((SELECT h.data ->> 'store_status' IN ('LOST', 'CORRUPT') FROM media_history h
		WHERE h.media = o.pk AND h.data ->> 'store_status' <> 'PENDING' ORDER BY h.version DESC LIMIT 1), false);
END
$$;

CREATE OR REPLACE FUNCTION media_what(o media, n media) RETURNS text[]
LANGUAGE plpgsql STABLE
AS $$
DECLARE
	kinds text[] := array_remove(ARRAY[
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
		CASE WHEN n.store_status = 'READY' AND media_was_gone(o) THEN 'restored' END], NULL);
BEGIN
	RETURN CASE kinds WHEN '{}' THEN ARRAY['updated.content'] ELSE kinds END;
END
$$;

CREATE OR REPLACE FUNCTION document_tags(document jsonb) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
	IF jsonb_typeof(document -> 'tags') IS DISTINCT FROM 'array' THEN
		RETURN '{}';
	END IF;
	RETURN ARRAY(SELECT tag FROM jsonb_array_elements_text(document -> 'tags') WITH ORDINALITY AS list(tag, place)
		ORDER BY place);
END
$$;
