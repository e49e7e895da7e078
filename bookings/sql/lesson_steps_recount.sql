-- Counts the registrations of these people again. Called by one at a time, who holds the lock of lesson_steps_fold.
CREATE OR REPLACE FUNCTION lesson_steps_recount(people bigint[]) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off SET jit = off AS $$
BEGIN
    DELETE FROM lesson_steps AS s
    WHERE s.user_id = ANY (people) AND NOT EXISTS (
        SELECT FROM free_lesson_registrations AS r WHERE r.id = s.registration_id AND r.user_id = s.user_id
    );
    INSERT INTO lesson_steps AS s (
        registration_id, user_id, lesson_type, lesson_on, registered_at, reminded, attended_at, booked_at, confirmed
    ) SELECT * FROM lesson_steps_of(people)
    ON CONFLICT (registration_id) DO UPDATE SET
        user_id = EXCLUDED.user_id, lesson_type = EXCLUDED.lesson_type, lesson_on = EXCLUDED.lesson_on,
        registered_at = EXCLUDED.registered_at, reminded = EXCLUDED.reminded, attended_at = EXCLUDED.attended_at,
        booked_at = EXCLUDED.booked_at, confirmed = EXCLUDED.confirmed
    WHERE s IS DISTINCT FROM EXCLUDED;
END $$;
