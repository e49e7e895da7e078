-- Gives the runs of three letters of each word of a search, shorter words whole: what person_grams() must have of a text
-- that contains all the words.
CREATE OR REPLACE FUNCTION searched_grams(searched text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_agg(DISTINCT substr(word, place, 3))
    FROM unnest(string_to_array(searched, ' ')) AS word, generate_series(1, greatest(length(word) - 2, 1)) AS place
    WHERE word <> ''
$$;
