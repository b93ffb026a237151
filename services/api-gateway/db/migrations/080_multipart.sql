-- SPDX-License-Identifier: MIT
-- Uploads whose parts clients send to an S3 server themselves. The media is not referred to: what its deletion leaves
-- behind is still to be ended.
CREATE TABLE multipart (
	store bigint NOT NULL REFERENCES store ON DELETE CASCADE,
	store_key text NOT NULL,
	media bigint NOT NULL,
	upload_id text, -- the server's name for it; NULL: not known yet
	part_size bigint NOT NULL,
	size bigint,
	sha256 text,
	expires timestamptz NOT NULL,
	created timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (store, store_key)
);
