-- Gives a LIKE pattern for each word of a search, every letter taken as it is: a text contains the words in any order.
CREATE OR REPLACE FUNCTION searched_patterns(searched text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_agg(DISTINCT '%' || regexp_replace(word, '([\\%_])', '\\\1', 'g') || '%')
    FROM unnest(string_to_array(searched, ' ')) AS word
    WHERE word <> ''
$$;
