-- Counts how far each registration of these people led. A step counts when it happened at or after the registration.
-- The bot writes the kind of a lesson into details, at the top or under "lesson". A date outside the calendar is none.
CREATE OR REPLACE FUNCTION lesson_steps_of(people bigint[]) RETURNS TABLE (
    registration_id integer, user_id bigint, lesson_type text, lesson_on date, registered_at timestamptz,
    reminded boolean, attended_at timestamptz, booked_at timestamptz, confirmed boolean
) LANGUAGE sql STABLE AS $$
    SELECT
        r.id, r.user_id, COALESCE(r.lesson_type, ''),
        CASE WHEN r.lesson_date BETWEEN '0001-01-01' AND '9999-12-31' THEN r.lesson_date ELSE '-infinity' END,
        CASE WHEN r.registered_at BETWEEN '0001-01-02' AND '9999-12-30' THEN r.registered_at ELSE '-infinity' END,
        COALESCE(r.notification_sent, false), e.attended_at, b.booked_at, b.confirmed
    FROM free_lesson_registrations AS r
    CROSS JOIN LATERAL (
        SELECT min(created_at) AS attended_at FROM events
        WHERE events.user_id = r.user_id AND event_type = 'lesson_link_clicked'
            AND created_at >= COALESCE(r.registered_at, '-infinity')
            AND created_at BETWEEN '0001-01-02' AND '9999-12-30'
            AND r.lesson_type IN (details->>'lesson_type', details->'lesson'->>'lesson_type')
    ) AS e
    CROSS JOIN LATERAL (
        SELECT min(bookings.created_at) AS booked_at, COALESCE(bool_or(bookings.confirmed = 2), false) AS confirmed
        FROM bookings
        WHERE bookings.user_id = r.user_id AND bookings.created_at >= COALESCE(r.registered_at, '-infinity')
            AND bookings.created_at BETWEEN '0001-01-02' AND '9999-12-30'
    ) AS b
    WHERE r.user_id = ANY (people)
$$;
