-- Everybody may use the calculus. The schema was made by CREATE EXTENSION, so nobody else has rights on it yet.
GRANT USAGE ON SCHEMA custseg TO PUBLIC;
