-- classify: from an attribute such as industry or region to a class.

CREATE FUNCTION custseg.classify(value text, classes jsonb) RETURNS text
AS 'MODULE_PATHNAME', 'custseg_classify' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION custseg.classify(text, jsonb) IS
'The class of an attribute: industry, region, postcode. classes is an object of texts: the class of each value. A key that ends in * stands for all values that begin like it, so codes that are built from the left (6201 in 62, DE-BY in DE) need one key for each branch; the longest such key wins, an exact key wins over all, and "*" alone is the default, also for a null value. No key: null. Case matters. classes null: null. Not an object, or a class that is not a text: error 22023. For sizes in numbers use band.';
