\echo Use "ALTER EXTENSION custseg UPDATE" to load this file. \quit

-- Customer lifetime value: everything is added, nothing of earlier versions changes.

COMMENT ON SCHEMA custseg IS
'Customer analytics: purchase summaries, RFM, scoring models, lifetime value, segmentations, tiers, allocation.';
COMMENT ON EXTENSION custseg IS
'score, segment, value and tier customers where the data is, and divide budgets and people among them';
