-- Finds the bookings of people whose searched text (or, if asked, whose e-mail) contains a text, and those made under a
-- name that contains it, since people rename themselves in Telegram. NULL if more than at_most match: then a walk through the list meets them soon.
CREATE OR REPLACE FUNCTION bookings_found(searched text, with_emails boolean, at_most integer) RETURNS integer[]
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET jit = off AS $$
DECLARE
    people bigint[] := people_found(searched, with_emails, at_most);
    grams text[] := searched_grams(searched);
    patterns text[] := searched_patterns(searched);
    found integer[];
BEGIN
    IF people IS NULL THEN
        RETURN NULL;
    END IF;
    found := ARRAY(
        (SELECT b.id FROM bookings AS b WHERE b.user_id = ANY (people) LIMIT at_most + 1)
        UNION
        (SELECT b.id FROM bookings AS b
            WHERE person_grams(person_text(b.user_id, b.username, b.first_name, NULL)) @> grams
                AND person_text(b.user_id, b.username, b.first_name, NULL) LIKE ALL (patterns)
            LIMIT at_most + 1)
    );
    RETURN CASE WHEN cardinality(found) <= at_most THEN found END;
END $$;
