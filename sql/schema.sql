\echo Use "CREATE EXTENSION custseg" to load this file. \quit

COMMENT ON SCHEMA custseg IS
'Customer analytics: purchase summaries, RFM, scoring models, lifetime value, segmentations, tiers, allocation, portfolios.';
