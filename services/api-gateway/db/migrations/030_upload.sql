-- SPDX-License-Identifier: MIT
-- Resumable uploads (tus). The bytes lie in the spool, in a file named by the id. `received` of them are durable and
-- went into `hash`: both are written together, so that whoever goes on needs to read nothing again.
CREATE TABLE upload (
	id uuid CONSTRAINT upload_pkey PRIMARY KEY,
	app_user bigint NOT NULL CONSTRAINT upload_app_user_fkey REFERENCES app_user ON DELETE CASCADE,
	kind text NOT NULL CONSTRAINT upload_kind_check CHECK (kind IN ('whole', 'partial', 'final')),
	state text NOT NULL DEFAULT 'receiving'
		CONSTRAINT upload_state_check CHECK (state IN ('receiving', 'joining', 'finished')),
	length bigint CONSTRAINT upload_length_check CHECK (length >= received),
	received bigint NOT NULL DEFAULT 0,
	hash text NOT NULL,
	parts uuid[] CONSTRAINT upload_parts_check CHECK ((kind = 'final') = (parts IS NOT NULL)),
	metadata text,
	media jsonb,
	if_match text,
	job uuid,
	expires timestamptz NOT NULL,
	created timestamptz NOT NULL DEFAULT now(),
	updated timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX upload_expires ON upload (expires);
CREATE INDEX upload_app_user ON upload (app_user);
CREATE INDEX upload_joining ON upload (updated) WHERE state = 'joining';
COMMENT ON COLUMN upload.hash IS 'SHA-256 of the bytes received, half-way (common/sha256_state.h)';
COMMENT ON COLUMN upload.metadata IS 'Upload-Metadata, as it was sent';
COMMENT ON COLUMN upload.media IS 'what the bytes are to become: pid, pid_type, tags, store_config, content_type, filename, sha256; NULL: a part';
COMMENT ON COLUMN upload.job IS 'finished: the put that brings the bytes to their store';
