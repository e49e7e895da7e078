-- Splits a text into its runs of one, two and three letters, so that every search is one lookup in one GIN index.
-- pg_trgm needs three letters and knows only letters and digits: for two letters, an emoji or a dot it would read its
-- whole index.
CREATE OR REPLACE FUNCTION person_grams(searched text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_agg(DISTINCT substr(searched, place, size) COLLATE "C")
    FROM generate_series(1, length(searched)) AS place, generate_series(1, 3) AS size
    WHERE place + size - 1 <= length(searched)
$$;
