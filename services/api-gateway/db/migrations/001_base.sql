-- SPDX-License-Identifier: MIT
-- Accounts, identifier types, S3 configurations, stores, media, jobs, outbox.
-- Names are compared and ordered by their bytes (COLLATE "C"): unique indexes then serve prefixes too, and an
-- operating system's new collation cannot break them.

CREATE TABLE app_user (
	pk bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text COLLATE "C" NOT NULL CONSTRAINT app_user_name_key UNIQUE
		CONSTRAINT app_user_name_check CHECK (name <> '' AND length(name) <= 255),
	password_hash text NOT NULL,
	role text NOT NULL CONSTRAINT app_user_role_check CHECK (role IN ('reader', 'writer', 'admin')),
	active boolean NOT NULL DEFAULT true,
	created timestamptz NOT NULL DEFAULT now(),
	updated timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE token (
	pk bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	hash bytea NOT NULL CONSTRAINT token_hash_key UNIQUE
		CONSTRAINT token_hash_check CHECK (length(hash) = 32),
	app_user bigint NOT NULL CONSTRAINT token_app_user_fkey REFERENCES app_user ON DELETE CASCADE,
	name text,
	role text CONSTRAINT token_role_check CHECK (role IN ('reader', 'writer', 'admin')),
	expires timestamptz NOT NULL,
	last_used timestamptz,
	created timestamptz NOT NULL DEFAULT now(),
	revoked timestamptz
);
CREATE INDEX token_app_user ON token (app_user);
CREATE INDEX token_expires ON token (expires);

CREATE TABLE identifier_type (
	name text COLLATE "C" CONSTRAINT identifier_type_pkey PRIMARY KEY
		CONSTRAINT identifier_type_name_check CHECK (name <> '' AND length(name) <= 255),
	pattern text NOT NULL DEFAULT '',
	created timestamptz NOT NULL DEFAULT now(),
	updated timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE s3_config (
	pk bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	url text COLLATE "C" NOT NULL CONSTRAINT s3_config_url_key UNIQUE,
	access_key text NOT NULL,
	secret_key text NOT NULL,
	region text NOT NULL DEFAULT 'us-east-1',
	created timestamptz NOT NULL DEFAULT now(),
	updated timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN s3_config.secret_key IS 'sealed with MEDIASTORE_SECRET_KEY';

CREATE TABLE store (
	pk bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	type text NOT NULL CONSTRAINT store_type_check CHECK (type IN ('BucketStore', 'FilesystemStore', 'HashdirStore',
		'SqliteStore', 'ZipStore', 'DictStore')),
	bucket text COLLATE "C" NOT NULL,
	s3_config bigint CONSTRAINT store_s3_config_fkey REFERENCES s3_config,
	site text COLLATE "C" NOT NULL DEFAULT 'default',
	created timestamptz NOT NULL DEFAULT now(),
	updated timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT store_identity_key UNIQUE NULLS NOT DISTINCT (type, bucket, s3_config, site),
	CONSTRAINT store_s3_config_check CHECK ((type = 'BucketStore') = (s3_config IS NOT NULL))
);
CREATE INDEX store_s3_config ON store (s3_config);

-- Drawn from by every change of a media: an order over all of them.
CREATE SEQUENCE media_mark;

CREATE TABLE media (
	pk bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	pid text COLLATE "C" NOT NULL CONSTRAINT media_pid_key UNIQUE
		CONSTRAINT media_pid_check CHECK (pid <> '' AND length(pid) <= 255),
	pid_type text COLLATE "C" NOT NULL CONSTRAINT media_pid_type_fkey REFERENCES identifier_type ON UPDATE CASCADE,
	store bigint NOT NULL CONSTRAINT media_store_fkey REFERENCES store,
	store_key text COLLATE "C" NOT NULL
		CONSTRAINT media_store_key_check CHECK (store_key <> '' AND octet_length(store_key) <= 1024),
	store_status text NOT NULL DEFAULT 'PENDING'
		CONSTRAINT media_store_status_check CHECK (store_status IN ('PENDING', 'READY', 'FAILED', 'LOST', 'CORRUPT')),
	identifiers jsonb NOT NULL DEFAULT '{}'
		CONSTRAINT media_identifiers_check CHECK (jsonb_typeof(identifiers) = 'object'),
	metadata jsonb NOT NULL DEFAULT '{}',
	tags text[] NOT NULL DEFAULT '{}',
	size bigint CONSTRAINT media_size_check CHECK (size >= 0),
	content_type text,
	filename text,
	sha256 text CONSTRAINT media_sha256_check CHECK (sha256 ~ '^[0-9a-f]{64}$'),
	holder text,
	version bigint NOT NULL DEFAULT 1,
	mark bigint NOT NULL DEFAULT nextval('media_mark'),
	presign_expires timestamptz,
	created timestamptz NOT NULL DEFAULT now(),
	updated timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT media_store_store_key_key UNIQUE (store, store_key),
	CONSTRAINT media_ready_check CHECK (store_status <> 'READY' OR (size IS NOT NULL AND sha256 IS NOT NULL))
);
-- The reconciler looks for what is half-finished.
CREATE INDEX media_pending ON media (updated) WHERE store_status = 'PENDING';
CREATE INDEX media_pid_type ON media (pid_type);
COMMENT ON COLUMN media.holder IS 'DictStore: the process whose memory holds the bytes';

-- Which process's memory the DictStores of a site live in, as that process last said.
CREATE TABLE ram_holder (
	site text COLLATE "C" CONSTRAINT ram_holder_pkey PRIMARY KEY,
	holder text NOT NULL,
	since timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE media_history (
	media bigint NOT NULL,
	version bigint NOT NULL,
	op text NOT NULL CONSTRAINT media_history_op_check CHECK (op IN ('insert', 'update', 'delete')),
	pid text COLLATE "C" NOT NULL,
	data jsonb NOT NULL,
	actor text,
	request_id text,
	at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT media_history_pkey PRIMARY KEY (media, version, op)
);
CREATE INDEX media_history_pid ON media_history (pid, at);

CREATE TABLE job (
	id uuid CONSTRAINT job_pkey PRIMARY KEY,
	kind text NOT NULL,
	class text NOT NULL CONSTRAINT job_class_check CHECK (class IN ('quick', 'stream', 'background')),
	state text NOT NULL
		CONSTRAINT job_state_check CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'dead', 'cancelled')),
	media bigint,
	pid text COLLATE "C",
	store bigint CONSTRAINT job_store_fkey REFERENCES store ON DELETE SET NULL,
	store_key text COLLATE "C",
	replaces_key text COLLATE "C",
	attempt bigint NOT NULL DEFAULT 0,
	max_attempts bigint NOT NULL DEFAULT 1,
	next_run_at timestamptz NOT NULL DEFAULT now(),
	deadline timestamptz,
	overdue_at timestamptz,
	spec jsonb NOT NULL DEFAULT '{}',
	result jsonb,
	error_code text,
	error_message text,
	gateway text,
	request_id text,
	created timestamptz NOT NULL DEFAULT now(),
	updated timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN job.media IS 'without a foreign key: deleting a media would lock its jobs, recording a result locks them the other way round';
COMMENT ON COLUMN job.overdue_at IS 'running: without a result by then, the attempt counts as lost';
CREATE INDEX job_due ON job (next_run_at) WHERE state = 'queued';
CREATE INDEX job_overdue ON job (overdue_at) WHERE state = 'running';
CREATE INDEX job_finished ON job (updated) WHERE state IN ('succeeded', 'failed', 'cancelled');
CREATE INDEX job_media ON job (media) WHERE media IS NOT NULL;
CREATE INDEX job_store ON job (store) WHERE state IN ('queued', 'running');

CREATE TABLE outbox (
	id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT outbox_pkey PRIMARY KEY,
	event_id uuid NOT NULL DEFAULT gen_random_uuid(),
	media bigint,
	routing_key text NOT NULL,
	what text NOT NULL,
	subject text,
	body jsonb NOT NULL,
	created timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE event (
	seq bigint CONSTRAINT event_pkey PRIMARY KEY,
	id uuid NOT NULL CONSTRAINT event_id_key UNIQUE,
	media bigint,
	routing_key text NOT NULL,
	what text NOT NULL,
	subject text,
	body jsonb NOT NULL,
	created timestamptz NOT NULL,
	published boolean NOT NULL DEFAULT false
);
CREATE INDEX event_unpublished ON event (seq) WHERE NOT published;
CREATE INDEX event_created ON event (created) WHERE published;

-- The last seq given; its row lock is what keeps two relays from numbering at once.
CREATE TABLE event_sequence (
	singleton boolean CONSTRAINT event_sequence_pkey PRIMARY KEY DEFAULT true
		CONSTRAINT event_sequence_check CHECK (singleton),
	last bigint NOT NULL
);
INSERT INTO event_sequence (last) VALUES (0);
