\echo Use "ALTER EXTENSION custseg UPDATE TO '0.3.0'" to load this file. \quit
