-- Gives the text by which a person is searched, folded; each part is cut so that a hostile name stays small.
-- The schema is named because an index is built without a search path.
CREATE OR REPLACE FUNCTION person_text(user_id bigint, username text, first_name text, last_name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT public.folded(
        left(COALESCE(first_name, ''), 100) || ' ' || left(COALESCE(last_name, ''), 100)
        || ' @' || left(COALESCE(username, ''), 100) || ' ' || user_id::text
    )
$$;
