-- SPDX-License-Identifier: MIT
-- What a creating POST with an Idempotency-Key was answered. While status is NULL it is being carried out: `claim` is
-- whose turn it is, and that holds until leased_until, which the claim's gateway puts off as long as it is at work.
CREATE TABLE idempotency (
	app_user bigint NOT NULL CONSTRAINT idempotency_app_user_fkey REFERENCES app_user ON DELETE CASCADE,
	key text COLLATE "C" NOT NULL,
	fingerprint bytea NOT NULL,
	claim uuid NOT NULL,
	leased_until timestamptz NOT NULL,
	status integer,
	answer text,
	created timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT idempotency_pkey PRIMARY KEY (app_user, key)
);
CREATE INDEX idempotency_created ON idempotency (created);
CREATE INDEX idempotency_claim ON idempotency (claim) WHERE status IS NULL;
COMMENT ON COLUMN idempotency.fingerprint IS 'HMAC of method, path, query and body: bodies may hold passwords';
COMMENT ON COLUMN idempotency.answer IS
	'headers and body, sealed: they may hold tokens and presigned URLs; NULL: too large to keep, or a stream';
