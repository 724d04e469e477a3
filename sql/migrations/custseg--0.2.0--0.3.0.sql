\echo Use "ALTER EXTENSION custseg UPDATE" to load this file. \quit

-- Allocation: everything is added, nothing of earlier versions changes.

COMMENT ON SCHEMA custseg IS
'Customer analytics: purchase summaries, RFM, scoring models, segmentations, tiers, allocation.';
COMMENT ON EXTENSION custseg IS
'score, segment and tier customers where the data is, and divide budgets and people among them';
