-- SPDX-License-Identifier: MIT
-- What a request that is being carried out has begun and cannot take back: the job of its upload. Whoever carries it out
-- again, after its gateway died, goes on with that.
ALTER TABLE idempotency ADD COLUMN effect text;
COMMENT ON COLUMN idempotency.effect IS 'id of the job that the request has begun; NULL: nothing yet';
