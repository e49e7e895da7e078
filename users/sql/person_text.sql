-- Gives the text by which a person is searched: lower case, ё as е, each part cut so that a hostile name stays small.
CREATE OR REPLACE FUNCTION person_text(user_id bigint, username text, first_name text, last_name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT translate(lower(
        left(COALESCE(first_name, ''), 100) || ' ' || left(COALESCE(last_name, ''), 100)
        || ' @' || left(COALESCE(username, ''), 100) || ' ' || user_id::text
    ), E'ёЁ\n\t', 'ее  ')
$$;
