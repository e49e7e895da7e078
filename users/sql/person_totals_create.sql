-- Makes the totals of new people. Called by the trigger of users.
CREATE OR REPLACE FUNCTION person_totals_create(people bigint[]) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off SET random_page_cost = 0 SET jit = off AS $$
DECLARE
    created bigint[];
BEGIN
    IF cardinality(people) = 0 THEN
        RETURN;
    END IF;
    WITH new_totals AS (
        INSERT INTO person_totals (
            user_id, name_key, language_code, first_seen_at, bookings, events, lessons, has_active_booking,
            latest_stream, latest_status, last_activity_at, temperature, cools_on, blocked, search_text, lesson_types
        ) SELECT
            user_id, name_key, language_code, first_seen_at, bookings, events, lessons, has_active_booking,
            latest_stream, latest_status, last_activity_at, temperature, cools_on, blocked, search_text, lesson_types
        FROM person_counts(people)
        ON CONFLICT (user_id) DO NOTHING RETURNING user_id
    )
    SELECT array_agg(user_id) INTO created FROM new_totals;
    IF cardinality(COALESCE(created, '{}')) < cardinality(people) THEN
        PERFORM person_totals_mark(ARRAY(SELECT unnest(people) EXCEPT SELECT unnest(created)));
    END IF;
END $$;
