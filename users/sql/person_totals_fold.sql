-- Recounts these people and removes their marks, except those whose totals are locked elsewhere; returns how many.
-- Marks are removed before the count: a mark that arrives later may stand for a row that this count has not seen.
CREATE OR REPLACE FUNCTION person_totals_fold(people bigint[]) RETURNS integer
LANGUAGE plpgsql SET enable_seqscan = off SET random_page_cost = 0 SET jit = off AS $$
DECLARE
    locked bigint[];
BEGIN
    -- ON CONFLICT alone would wait for whoever is updating the row.
    INSERT INTO person_totals (
        user_id, name_key, language_code, first_seen_at, bookings, events, lessons, has_active_booking, latest_stream,
        latest_status, last_activity_at, temperature, cools_on, blocked, search_text, lesson_types
    ) SELECT
        user_id, name_key, language_code, first_seen_at, bookings, events, lessons, has_active_booking, latest_stream,
        latest_status, last_activity_at, temperature, cools_on, blocked, search_text, lesson_types
    FROM person_counts(ARRAY(
        SELECT person FROM unnest(people) AS person
        WHERE NOT EXISTS (SELECT FROM person_totals AS t WHERE t.user_id = person)
    ))
    ON CONFLICT (user_id) DO NOTHING;
    locked := person_totals_lock(people);
    DELETE FROM counting_marks AS m
    USING (
        SELECT unnest(locked) AS user_id
        UNION
        SELECT person FROM unnest(people) AS person
        WHERE NOT EXISTS (SELECT FROM users AS u WHERE u.user_id = person)
            AND NOT EXISTS (SELECT FROM person_totals AS t WHERE t.user_id = person)
    ) AS done
    WHERE m.user_id = done.user_id;
    PERFORM person_totals_recount(locked);
    RETURN cardinality(locked);
END $$;
