\echo Use "ALTER EXTENSION custseg UPDATE" to load this file. \quit

-- Portfolios: everything is added, nothing of earlier versions changes.

