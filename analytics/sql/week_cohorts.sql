-- Counts the people who were active in a week, by the week of their first sign of life.
CREATE OR REPLACE FUNCTION week_cohorts(monday date) RETURNS TABLE (cohort date, people integer)
LANGUAGE plpgsql STABLE SET jit = off AS $$
DECLARE
    begins timestamptz := monday::timestamp AT TIME ZONE 'Europe/Moscow';
    ends timestamptz := (monday + 7)::timestamp AT TIME ZONE 'Europe/Moscow';
BEGIN
    RETURN QUERY
        SELECT date_trunc('week', j.first_at AT TIME ZONE 'Europe/Moscow')::date, count(*)::integer FROM (
            SELECT e.user_id FROM events AS e
            WHERE e.created_at >= begins AND e.created_at < ends AND e.event_type NOT IN (
                'booking_status_changed', 'payment_approved', 'free_lesson_reminder_sent', 'stats_requested',
                'referral_created', 'bot_blocked'
            )
            UNION SELECT b.user_id FROM bookings AS b WHERE b.created_at >= begins AND b.created_at < ends
            UNION SELECT r.user_id FROM free_lesson_registrations AS r
            WHERE r.registered_at >= begins AND r.registered_at < ends
        ) AS active
        -- A look into the index for each of them: a join would read everybody where statistics are old.
        CROSS JOIN LATERAL (
            SELECT s.first_at FROM analytics_journey AS s
            WHERE s.user_id = active.user_id AND s.funnel = 'sign' AND s.scope = '' OFFSET 0
        ) AS j
        WHERE j.first_at >= '2015-06-22'::timestamp AT TIME ZONE 'Europe/Moscow'
        GROUP BY 1;
END $$;
