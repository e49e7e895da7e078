-- Finds the bookings of people whose searched text (or, if asked, whose e-mail) contains a text, and those made under a
-- name that contains it, since people rename themselves in Telegram. For more than at_most bookings "listed" is NULL,
-- and a walk through the list meets them soon: it asks for these people, and for the bookings made under such a name.
-- NULL in their place: more than at_most of these, too.
CREATE OR REPLACE FUNCTION bookings_found(
    searched text, with_emails boolean, at_most integer, OUT listed integer[], OUT people bigint[], OUT booked integer[]
) LANGUAGE plpgsql STABLE SET enable_seqscan = off SET jit = off AS $$
DECLARE
    grams text[] := searched_grams(searched);
    patterns text[] := searched_patterns(searched);
BEGIN
    people := people_found(searched, with_emails, at_most);
    IF people IS NULL THEN
        RETURN;
    END IF;
    booked := ARRAY(
        SELECT b.id FROM bookings AS b
        WHERE person_grams(person_text(b.user_id, b.username, b.first_name, NULL)) @> grams
            AND person_text(b.user_id, b.username, b.first_name, NULL) LIKE ALL (patterns)
        LIMIT at_most + 1
    );
    IF cardinality(booked) > at_most THEN
        booked := NULL;
        RETURN;
    END IF;
    listed := ARRAY(
        (SELECT b.id FROM bookings AS b WHERE b.user_id = ANY (people) LIMIT at_most + 1) UNION SELECT unnest(booked)
    );
    IF cardinality(listed) > at_most THEN
        listed := NULL;
    END IF;
END $$;
