-- Rates how active a person was in the last days (3 hot, 2 warm, 1 cool, 0 cold), by the rules in users_leadrules, and
-- gives the day on which one of those days leaves the window. Events written by staff, the school's rules or Telegram
-- do not count. Migrations replace Europe/Moscow with settings.TIME_ZONE.
CREATE OR REPLACE FUNCTION person_temperature(person bigint) RETURNS TABLE (temperature smallint, cools_on date)
LANGUAGE sql STABLE AS $$
    WITH rules AS (
        SELECT COALESCE(max(window_days), 7) AS window_days, COALESCE(max(hot_events), 20) AS hot_events,
            COALESCE(max(hot_days), 5) AS hot_days, COALESCE(max(warm_events), 10) AS warm_events,
            COALESCE(max(warm_days), 3) AS warm_days, COALESCE(max(cool_events), 5) AS cool_events
        FROM users_leadrules
    )
    SELECT
        (CASE
            WHEN a.events >= r.hot_events AND a.days >= r.hot_days THEN 3
            WHEN a.events >= r.warm_events AND a.days >= r.warm_days THEN 2
            WHEN a.events >= r.cool_events THEN 1
            ELSE 0
        END)::smallint,
        CASE WHEN a.events >= r.cool_events THEN a.first + r.window_days END
    FROM rules AS r
    CROSS JOIN LATERAL (
        SELECT sum(d.events) AS events, count(*) AS days, min(d.day) AS first
        FROM (
            SELECT (e.created_at AT TIME ZONE 'Europe/Moscow')::date AS day, count(*) AS events
            FROM events AS e
            WHERE e.user_id = person
                AND e.created_at
                    >= (school_today() - (r.window_days - 1))::timestamp AT TIME ZONE 'Europe/Moscow'
                AND e.event_type NOT IN (
                    'booking_status_changed', 'payment_approved', 'free_lesson_reminder_sent', 'stats_requested',
                    'referral_created', 'bot_blocked'
                )
            GROUP BY 1
        ) AS d
    ) AS a
$$;
