-- Finds the people whose searched text (or, if asked, whose e-mail) contains a text; NULL if more than at_most match.
-- It gives up early on common texts: the index statistics of ANALYZE show which runs of letters are common, and a
-- sample of 0.3 % of the table shows whether they occur together. Rare texts are answered from the index alone; the
-- planner by itself would sometimes read the whole table.
CREATE OR REPLACE FUNCTION people_found(searched text, with_emails boolean, at_most integer) RETURNS bigint[]
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET jit = off AS $$
DECLARE
    grams text[] := searched_grams(searched);
    patterns text[] := searched_patterns(searched);
    people real := (SELECT reltuples FROM pg_class WHERE oid = 'users'::regclass);
    share real;
    found bigint[];
BEGIN
    SELECT CASE WHEN count(*) = cardinality(grams) THEN min(known.share) END INTO share
    FROM pg_stats AS s, unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) AS known (gram, share)
    WHERE s.schemaname = current_schema() AND s.tablename = 'users_grams' AND known.gram = ANY (grams);
    IF share * people > 4 * at_most AND (
        cardinality(grams) = 1
        OR (
            SELECT count(*) * 333 > 2 * at_most FROM users AS u TABLESAMPLE SYSTEM (0.3)
            WHERE person_text(u.user_id, u.username, u.first_name, u.last_name) LIKE ALL (patterns)
        )
    ) THEN
        RETURN NULL;
    END IF;
    found := ARRAY(
        SELECT u.user_id FROM users AS u
        WHERE person_grams(person_text(u.user_id, u.username, u.first_name, u.last_name)) @> grams
            AND (cardinality(grams) = 1
                OR person_text(u.user_id, u.username, u.first_name, u.last_name) LIKE ALL (patterns))
        LIMIT at_most + 1
    );
    IF with_emails AND cardinality(found) <= at_most THEN
        found := ARRAY(SELECT unnest(found) UNION (
            SELECT r.user_id FROM free_lesson_registrations AS r
            WHERE person_grams(left(folded(r.email), 254)) @> grams
                AND left(folded(r.email), 254) LIKE ALL (patterns)
            LIMIT at_most + 1
        ));
    END IF;
    RETURN CASE WHEN cardinality(found) <= at_most THEN found END;
END $$;
