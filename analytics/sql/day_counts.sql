-- Counts a day: rows by type and hour, active and new people, bookings, registrations, delivered messages. People whose
-- first sign of life is older than any bot are new on the first day of our calendar, so that all of them are in the sum.
CREATE OR REPLACE FUNCTION day_counts(wanted date) RETURNS TABLE (kind text, key text, number integer)
LANGUAGE plpgsql STABLE SET jit = off AS $$
DECLARE
    begins timestamptz := wanted::timestamp AT TIME ZONE 'Europe/Moscow';
    ends timestamptz := (wanted + 1)::timestamp AT TIME ZONE 'Europe/Moscow';
BEGIN
    RETURN QUERY
        WITH happened AS MATERIALIZED (
            SELECT e.user_id, e.event_type::text AS event_type, e.created_at, e.event_type NOT IN (
                'booking_status_changed', 'payment_approved', 'free_lesson_reminder_sent', 'stats_requested',
                'referral_created', 'bot_blocked'
            ) AS own
            FROM events AS e WHERE e.created_at >= begins AND e.created_at < ends
        )
        SELECT 'event', h.event_type COLLATE "C", count(*)::integer FROM happened AS h GROUP BY 2
        UNION ALL
        SELECT 'hour', to_char(h.created_at AT TIME ZONE 'Europe/Moscow', 'HH24') COLLATE "C", count(*)::integer
        FROM happened AS h WHERE h.own GROUP BY 2
        UNION ALL
        SELECT 'active', '', count(*)::integer FROM (
            SELECT h.user_id FROM happened AS h WHERE h.own
            UNION SELECT b.user_id FROM bookings AS b WHERE b.created_at >= begins AND b.created_at < ends
            UNION SELECT r.user_id FROM free_lesson_registrations AS r
            WHERE r.registered_at >= begins AND r.registered_at < ends
        ) AS people
        UNION ALL
        SELECT 'new', '', count(*)::integer FROM analytics_journey AS j
        WHERE j.funnel = 'sign' AND j.scope = '' AND j.first_at < ends
            AND (j.first_at >= begins OR wanted = '2015-06-24')
        UNION ALL
        SELECT 'booking', '', count(*)::integer FROM bookings AS b WHERE b.created_at >= begins AND b.created_at < ends
        UNION ALL
        SELECT 'active_booking', '', count(*)::integer FROM bookings AS b
        WHERE b.created_at >= begins AND b.created_at < ends AND b.confirmed IS DISTINCT FROM -1
        UNION ALL
        SELECT 'registration', '', count(*)::integer FROM free_lesson_registrations AS r
        WHERE r.registered_at >= begins AND r.registered_at < ends
        UNION ALL
        SELECT 'delivered', '', count(*)::integer FROM message_recipients AS m
        WHERE m.sent_at >= begins AND m.sent_at < ends;
END $$;
