-- SPDX-License-Identifier: MIT
-- Who is to be told, over the bus, how a job goes on and ends: requests whose answer is not known when they are taken.
CREATE TABLE request_reply (
	pk bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT request_reply_pkey PRIMARY KEY,
	job uuid NOT NULL CONSTRAINT request_reply_job_fkey REFERENCES job ON DELETE CASCADE,
	reply_to text NOT NULL,
	correlation_id text,
	kind text NOT NULL,
	message_id text,
	request_id text NOT NULL,
	packed boolean NOT NULL,
	told text NOT NULL DEFAULT '',
	created timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX request_reply_job ON request_reply (job);
COMMENT ON COLUMN request_reply.told IS 'what was said last of the job''s progress';
