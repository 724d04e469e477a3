\echo Use "ALTER EXTENSION custseg UPDATE" to load this file. \quit

-- Customer lifetime value: everything is added, nothing of earlier versions changes.
