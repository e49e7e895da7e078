-- Rates how active a person was in the last seven days (3 hot, 2 warm, 1 cool, 0 cold) and gives the day on which one
-- of those days leaves the window. Events written by staff, the school's rules or Telegram do not count.
-- Migrations replace Europe/Moscow with settings.TIME_ZONE.
CREATE OR REPLACE FUNCTION person_temperature(person bigint) RETURNS TABLE (temperature smallint, cools_on date)
LANGUAGE sql STABLE AS $$
    SELECT
        (CASE
            WHEN sum(d.events) >= 20 AND count(*) >= 5 THEN 3
            WHEN sum(d.events) >= 10 AND count(*) >= 3 THEN 2
            WHEN sum(d.events) >= 5 THEN 1
            ELSE 0
        END)::smallint,
        CASE WHEN sum(d.events) >= 5 THEN min(d.day) + 7 END
    FROM (
        SELECT (e.created_at AT TIME ZONE 'Europe/Moscow')::date AS day, count(*) AS events
        FROM events AS e
        WHERE e.user_id = person AND e.created_at >= (school_today() - 6)::timestamp AT TIME ZONE 'Europe/Moscow'
            AND e.event_type NOT IN (
                'booking_status_changed', 'payment_approved', 'free_lesson_reminder_sent', 'stats_requested',
                'referral_created', 'bot_blocked'
            )
        GROUP BY 1
    ) AS d
$$;
