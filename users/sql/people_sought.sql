-- Finds the people whose searched text contains a text. If more than at_most match, it finds those whose e-mail alone
-- contains it, if these are fewer. NULL stands for "more than at_most".
CREATE OR REPLACE FUNCTION people_sought(
    searched text, with_emails boolean, at_most integer, OUT listed bigint[], OUT by_email bigint[]
) LANGUAGE plpgsql STABLE SET enable_seqscan = off SET jit = off AS $$
DECLARE
    grams text[] := searched_grams(searched);
    patterns text[] := searched_patterns(searched);
BEGIN
    listed := people_found(searched, with_emails, at_most);
    by_email := '{}';
    IF listed IS NULL AND with_emails THEN
        by_email := ARRAY(
            SELECT r.user_id FROM free_lesson_registrations AS r
            WHERE person_grams(left(folded(r.email), 254)) @> grams
                AND left(folded(r.email), 254) LIKE ALL (patterns)
            LIMIT at_most + 1
        );
        IF cardinality(by_email) > at_most THEN
            by_email := NULL;
        END IF;
    END IF;
END $$;
