-- SPDX-License-Identifier: MIT
-- Moves up to `most` rows from the outbox to event, in the order of their ids, numbering them without gaps. In plpgsql
-- each statement sees what was committed before it began, so a second relay that waited for the row of event_sequence does
-- not see the first one's rows again.
CREATE FUNCTION relay_outbox(most bigint) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
	start bigint;
	moved bigint;
BEGIN
	SELECT last INTO STRICT start FROM event_sequence FOR UPDATE;
	WITH taken AS (
		DELETE FROM outbox WHERE id IN (SELECT id FROM outbox ORDER BY id LIMIT most) RETURNING *
	), numbered AS (
		SELECT *, start + row_number() OVER (ORDER BY id) AS seq FROM taken
	)
	INSERT INTO event (seq, id, media, routing_key, what, subject, body, created)
	SELECT seq, event_id, media, routing_key, what, subject, jsonb_build_object('seq', seq) || body, created
	FROM numbered;
	GET DIAGNOSTICS moved = ROW_COUNT;
	IF moved > 0 THEN
		UPDATE event_sequence SET last = start + moved;
	END IF;
	RETURN moved;
END
$$;
