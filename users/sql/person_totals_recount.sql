-- Counts these people again, and marks those whose totals another transaction holds. Called by the triggers.
-- Whole tables cost more than any look into an index here: within a transaction that has just written a hundred
-- thousand rows the planner takes each person for the owner of one in two hundred of them.
CREATE OR REPLACE FUNCTION person_totals_recount(people bigint[]) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off SET random_page_cost = 0 SET jit = off AS $$
DECLARE
    locked bigint[];
BEGIN
    IF cardinality(people) = 0 THEN
        RETURN;
    END IF;
    locked := person_totals_lock(people);
    UPDATE person_totals AS t SET
        name_key = c.name_key, language_code = c.language_code, first_seen_at = c.first_seen_at,
        bookings = c.bookings, events = c.events, lessons = c.lessons, has_active_booking = c.has_active_booking,
        latest_stream = c.latest_stream, latest_status = c.latest_status, last_activity_at = c.last_activity_at,
        temperature = c.temperature, cools_on = c.cools_on, blocked = c.blocked, search_text = c.search_text,
        lesson_types = c.lesson_types
    FROM person_counts(locked) AS c WHERE t.user_id = c.user_id;
    DELETE FROM person_totals AS t
    WHERE t.user_id = ANY (locked) AND NOT EXISTS (SELECT FROM users AS u WHERE u.user_id = t.user_id);
    IF cardinality(locked) < cardinality(people) THEN
        PERFORM person_totals_mark(ARRAY(SELECT unnest(people) EXCEPT SELECT unnest(locked)));
    END IF;
END $$;
