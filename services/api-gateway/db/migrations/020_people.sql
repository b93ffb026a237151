-- SPDX-License-Identifier: MIT
-- Tokens made by a login are told from those made for programs: a new password ends the former alone.
ALTER TABLE token ADD COLUMN login boolean NOT NULL DEFAULT false;
UPDATE token SET login = true WHERE name IS NULL;
ALTER TABLE token ADD CONSTRAINT token_name_check CHECK (name <> '' AND length(name) <= 255);

COMMENT ON COLUMN app_user.password_hash IS
	'says itself how it was made: $y$ (yescrypt) and what else crypt(3) knows, or pbkdf2_sha256$iterations$salt$hash';
COMMENT ON COLUMN token.hash IS 'SHA-256 of the text';
