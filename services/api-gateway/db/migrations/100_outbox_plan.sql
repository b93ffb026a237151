-- SPDX-License-Identifier: MIT
-- The plan that a gateway keeps is made when the outbox is empty, and read all of it, for every batch, when a hundred thousand
-- changes came at once. Without sequential scans the plan is the same for any size: along outbox_pkey.

ALTER FUNCTION relay_outbox(bigint) SET enable_seqscan = off;
