-- Finds when these people took each step of the funnels, in every scope. The first step is the person's first ever, the
-- others the first at or after it. A booking's course and stream give a scope; a proof names no booking, so it counts for
-- each. A click of the lesson's link names the lesson at the top of its details or under "lesson".
CREATE OR REPLACE FUNCTION person_journeys(people bigint[]) RETURNS TABLE (
    user_id bigint, funnel text, scope text, source text, first_at timestamptz, second_at timestamptz,
    third_at timestamptz, fourth_at timestamptz, fifth_at timestamptz
) LANGUAGE sql STABLE SET enable_seqscan = off SET jit = off AS $$
    WITH wanted AS MATERIALIZED (
        SELECT u.user_id, u.first_seen_at FROM unnest(people) AS p (person) JOIN users AS u ON u.user_id = p.person
    ),
    acts AS MATERIALIZED (
        SELECT e.user_id, e.event_type::text AS act, e.created_at AS at,
            CASE WHEN e.details->>'course_id' ~ '^[0-9]{1,9}$' THEN (e.details->>'course_id')::integer END AS course,
            left(COALESCE(e.details->>'lesson_type', e.details->'lesson'->>'lesson_type'), 50) AS lesson
        FROM wanted AS w JOIN events AS e ON e.user_id = w.user_id WHERE isfinite(e.created_at)
    ),
    books AS MATERIALIZED (
        SELECT b.user_id, b.id, b.created_at AS at, b.course_id AS course, NULLIF(b.course_stream, '') AS stream,
            NULLIF(left(upper(btrim(b.referral_code)), 100), '') AS code, c.confirmed_at
        FROM wanted AS w JOIN bookings AS b ON b.user_id = w.user_id
        LEFT JOIN bookings_confirmation AS c ON c.booking_id = b.id
        WHERE isfinite(b.created_at)
    ),
    lessons AS MATERIALIZED (
        SELECT r.user_id, r.registered_at AS at, NULLIF(r.lesson_type, '') AS lesson, r.lesson_date
        FROM wanted AS w JOIN free_lesson_registrations AS r ON r.user_id = w.user_id WHERE isfinite(r.registered_at)
    ),
    started AS (SELECT a.user_id, min(a.at) AS at FROM acts AS a WHERE a.act = 'start_command' GROUP BY 1),
    -- A step without a scope counts in all of the person's.
    steps (user_id, funnel, scope, step, at) AS (
        SELECT a.user_id, 'course', s.scope, 2, a.at
        FROM acts AS a CROSS JOIN LATERAL (VALUES (''), ('course:' || a.course)) AS s (scope)
        WHERE a.act = 'view_program' AND s.scope IS NOT NULL
        UNION ALL
        SELECT a.user_id, 'course', 'stream:' || b.stream, 2, a.at
        FROM acts AS a JOIN books AS b ON b.user_id = a.user_id AND b.course = a.course
        WHERE a.act = 'view_program' AND b.stream IS NOT NULL
        UNION ALL
        SELECT a.user_id, 'course', NULL, 4, a.at FROM acts AS a
        WHERE a.act IN ('payment_proof_uploaded', 'alternative_payment_proof')
        UNION ALL
        SELECT b.user_id, 'course', s.scope, n.step, n.at
        FROM books AS b
        CROSS JOIN LATERAL (VALUES (''), ('course:' || b.course), ('stream:' || b.stream)) AS s (scope)
        CROSS JOIN LATERAL (VALUES (3, b.at), (5, b.confirmed_at)) AS n (step, at)
        WHERE s.scope IS NOT NULL
        UNION ALL
        SELECT a.user_id, 'lesson', s.scope, 2, a.at
        FROM acts AS a CROSS JOIN LATERAL (VALUES (''), ('lesson:' || a.lesson)) AS s (scope)
        WHERE a.act = 'lesson_link_clicked' AND s.scope IS NOT NULL
        UNION ALL
        SELECT a.user_id, 'lesson', 'lesson:' || l.lesson || ':' || l.lesson_date, 2, a.at
        FROM acts AS a JOIN lessons AS l ON l.user_id = a.user_id AND l.lesson = a.lesson
        WHERE a.act = 'lesson_link_clicked' AND isfinite(l.lesson_date)
        UNION ALL
        SELECT b.user_id, 'lesson', NULL, n.step, n.at
        FROM books AS b CROSS JOIN LATERAL (VALUES (3, b.at), (4, b.confirmed_at)) AS n (step, at)
    ),
    firsts (user_id, funnel, scope, at) AS (
        SELECT DISTINCT s.user_id, 'course', scopes.scope, s.at
        FROM started AS s CROSS JOIN LATERAL (
            SELECT '' UNION ALL
            SELECT x.scope FROM steps AS x
            WHERE x.user_id = s.user_id AND x.funnel = 'course' AND x.scope IS NOT NULL AND x.at >= s.at
        ) AS scopes (scope)
        UNION ALL
        SELECT l.user_id, 'lesson', s.scope, min(l.at)
        FROM lessons AS l CROSS JOIN LATERAL (VALUES
            (''), ('lesson:' || l.lesson),
            (CASE WHEN isfinite(l.lesson_date) THEN 'lesson:' || l.lesson || ':' || l.lesson_date END)
        ) AS s (scope)
        WHERE s.scope IS NOT NULL GROUP BY 1, 3
        UNION ALL
        SELECT signs.user_id, 'sign', '', min(signs.at) FROM (
            SELECT w.user_id, w.first_seen_at AS at FROM wanted AS w WHERE isfinite(w.first_seen_at)
            UNION ALL SELECT a.user_id, a.at FROM acts AS a
            UNION ALL SELECT b.user_id, b.at FROM books AS b
            UNION ALL SELECT l.user_id, l.at FROM lessons AS l
        ) AS signs GROUP BY 1
    )
    SELECT f.user_id, f.funnel, f.scope, COALESCE((
            SELECT b.code FROM books AS b
            WHERE b.user_id = f.user_id AND b.at >= f.at AND f.scope = '' AND f.funnel <> 'sign' AND b.code IS NOT NULL
            ORDER BY b.at, b.id LIMIT 1
        ), ''), f.at, t.second_at, t.third_at, t.fourth_at, t.fifth_at
    FROM firsts AS f
    LEFT JOIN (
        SELECT g.user_id, g.funnel, g.scope,
            min(x.at) FILTER (WHERE x.step = 2) AS second_at, min(x.at) FILTER (WHERE x.step = 3) AS third_at,
            min(x.at) FILTER (WHERE x.step = 4) AS fourth_at, min(x.at) FILTER (WHERE x.step = 5) AS fifth_at
        FROM firsts AS g
        JOIN steps AS x ON x.user_id = g.user_id AND x.funnel = g.funnel AND (x.scope = g.scope OR x.scope IS NULL)
            AND x.at >= g.at
        GROUP BY 1, 2, 3
    ) AS t ON t.user_id = f.user_id AND t.funnel = f.funnel AND t.scope = f.scope
$$;
