-- What a person is searched by: lower case, ё as е, and each part cut, so that a hostile name stays a small entry.
CREATE OR REPLACE FUNCTION person_text(user_id bigint, username text, first_name text, last_name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT translate(lower(
        left(COALESCE(first_name, ''), 100) || ' ' || left(COALESCE(last_name, ''), 100)
        || ' @' || left(COALESCE(username, ''), 100) || ' ' || user_id::text
    ), E'ёЁ\n\t', 'ее  ')
$$;
