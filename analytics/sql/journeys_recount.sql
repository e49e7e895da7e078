-- Finds the steps of these people again, and gives the days on which anything that is counted by day may have changed:
-- the old and the new day of a first sign of life, and for another week all days of that person. What is older than any
-- bot counts on the first day of our calendar.
CREATE OR REPLACE FUNCTION journeys_recount(people bigint[]) RETURNS TABLE (changed date) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        WITH found AS MATERIALIZED (SELECT * FROM person_journeys(people)),
        gone AS (
            DELETE FROM analytics_journey AS k WHERE k.user_id = ANY (people) AND NOT EXISTS (
                SELECT FROM found AS f WHERE f.user_id = k.user_id AND f.funnel = k.funnel AND f.scope = k.scope
            ) RETURNING k.user_id, k.funnel, k.first_at
        ),
        were AS MATERIALIZED (
            SELECT k.user_id, k.first_at FROM analytics_journey AS k
            WHERE k.user_id = ANY (people) AND k.funnel = 'sign' AND k.scope = ''
        ),
        written AS (
            INSERT INTO analytics_journey AS k (
                user_id, funnel, scope, source, first_at, second_at, third_at, fourth_at, fifth_at
            ) SELECT * FROM found
            ON CONFLICT (user_id, funnel, scope) DO UPDATE SET
                source = EXCLUDED.source, first_at = EXCLUDED.first_at, second_at = EXCLUDED.second_at,
                third_at = EXCLUDED.third_at, fourth_at = EXCLUDED.fourth_at, fifth_at = EXCLUDED.fifth_at
            WHERE (k.source, k.first_at, k.second_at, k.third_at, k.fourth_at, k.fifth_at) IS DISTINCT FROM (
                EXCLUDED.source, EXCLUDED.first_at, EXCLUDED.second_at, EXCLUDED.third_at, EXCLUDED.fourth_at,
                EXCLUDED.fifth_at
            )
        ),
        moved AS (
            SELECT COALESCE(w.user_id, f.user_id) AS user_id, w.first_at AS was, f.first_at AS is_now
            FROM were AS w FULL JOIN (SELECT * FROM found WHERE funnel = 'sign') AS f ON f.user_id = w.user_id
            WHERE w.first_at IS DISTINCT FROM f.first_at
        )
        SELECT GREATEST(days.day, '2015-06-24') FROM (
            SELECT school_day(m.was) FROM moved AS m
            UNION SELECT school_day(m.is_now) FROM moved AS m
            UNION SELECT school_day(d.at) FROM moved AS m CROSS JOIN LATERAL (
                SELECT e.created_at AS at FROM events AS e WHERE e.user_id = m.user_id
                UNION ALL SELECT b.created_at FROM bookings AS b WHERE b.user_id = m.user_id
                UNION ALL SELECT r.registered_at FROM free_lesson_registrations AS r WHERE r.user_id = m.user_id
            ) AS d
            WHERE date_trunc('week', school_day(m.was)::timestamp)
                IS DISTINCT FROM date_trunc('week', school_day(m.is_now)::timestamp)
        ) AS days (day) WHERE days.day <= school_today();
END $$;
