-- SPDX-License-Identifier: MIT
-- Dead jobs stay until somebody looks at them; how many there are is asked for every few seconds.
CREATE INDEX job_dead ON job (updated) WHERE state = 'dead';
