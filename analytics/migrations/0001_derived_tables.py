"""Steps of people, counts by day, cohorts; what counts them."""

from django.conf import settings
from django.db import migrations, models


# Copies of what the files in sql/ say today; later changes are migrations of their own.
MOSCOW, ZONE = "'Europe/Moscow'", "'" + settings.TIME_ZONE.replace("'", "''") + "'"

FUNCTIONS = r"""
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

-- Counts these days again.
CREATE OR REPLACE FUNCTION day_recount(days date[]) RETURNS void LANGUAGE sql AS $$
    DELETE FROM analytics_daycount AS kept WHERE kept.day = ANY (days);
    INSERT INTO analytics_daycount (day, kind, key, number)
    SELECT wanted.day, c.kind, c.key, c.number
    FROM unnest(days) AS wanted (day) CROSS JOIN LATERAL day_counts(wanted.day) AS c WHERE c.number > 0
$$;

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

-- Counts the cohorts of these weeks again.
CREATE OR REPLACE FUNCTION week_recount(mondays date[]) RETURNS void LANGUAGE sql AS $$
    DELETE FROM analytics_cohortcell AS kept WHERE kept.week = ANY (mondays);
    INSERT INTO analytics_cohortcell (cohort, week, people)
    SELECT c.cohort, wanted.week, c.people
    FROM unnest(mondays) AS wanted (week) CROSS JOIN LATERAL week_cohorts(wanted.week) AS c
$$;

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
""".replace(MOSCOW, ZONE)

DROP_FUNCTIONS = """
DROP FUNCTION journeys_recount(bigint[]);
DROP FUNCTION person_journeys(bigint[]);
DROP FUNCTION week_recount(date[]);
DROP FUNCTION week_cohorts(date);
DROP FUNCTION day_recount(date[]);
DROP FUNCTION day_counts(date);
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("messaging", "0005_own_tables"),
        ("bookings", "0004_totals_and_search"),
        ("users", "0004_totals_and_search"),
    ]

    operations = [
        migrations.CreateModel(
            name="Refresh",
            fields=[
                ("name", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("counted_until", models.DateField()),
                ("cohorts_at", models.DateTimeField()),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="CohortCell",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("cohort", models.DateField()),
                ("week", models.DateField()),
                ("people", models.IntegerField()),
            ],
            options={
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("week", "cohort"), name="analytics_cohortcell_once")],
            },
        ),
        migrations.CreateModel(
            name="DayCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("kind", models.CharField(max_length=20)),
                ("key", models.TextField(db_collation="C")),
                ("number", models.IntegerField()),
            ],
            options={
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("kind", "day", "key"), name="analytics_daycount_once")],
            },
        ),
        migrations.CreateModel(
            name="Journey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField()),
                (
                    "funnel",
                    models.CharField(
                        choices=[
                            ("sign", "First sign of life"),
                            ("course", "From the start to a paid course"),
                            ("lesson", "From a free lesson to a paid course"),
                        ],
                        max_length=10,
                    ),
                ),
                ("scope", models.TextField(db_collation="C")),
                ("source", models.TextField(db_default="")),
                ("first_at", models.DateTimeField()),
                ("second_at", models.DateTimeField(null=True)),
                ("third_at", models.DateTimeField(null=True)),
                ("fourth_at", models.DateTimeField(null=True)),
                ("fifth_at", models.DateTimeField(null=True)),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        fields=["funnel", "scope", "first_at", "user_id"],
                        include=("second_at", "third_at", "fourth_at", "fifth_at", "source"),
                        name="analytics_journey_period",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("user_id", "funnel", "scope"), name="analytics_journey_once")
                ],
            },
        ),
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
    ]
