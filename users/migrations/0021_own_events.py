"""One definition of people's own events and of leads: for the last activity, and for how warm a lead is.

What staff, the school's rules or Telegram write in a person's name warms nobody, and people with a confirmed booking
are no leads (-1). The number of a person's events stays that of all of them.
"""

from django.conf import settings
from django.db import migrations, models

ZONE = "'" + settings.TIME_ZONE.replace("'", "''") + "'"
PEOPLE_AT_ONCE = 2_000  # people: a batch is counted in well under a second, and holds its locks no longer

TEMPERATURE = f"""
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
        SELECT (e.created_at AT TIME ZONE {ZONE})::date AS day, count(*) AS events
        FROM events AS e
        WHERE e.user_id = person AND e.created_at >= (school_today() - 6)::timestamp AT TIME ZONE {ZONE}
            AND e.event_type NOT IN (
                'booking_status_changed', 'payment_approved', 'free_lesson_reminder_sent', 'stats_requested',
                'referral_created', 'bot_blocked'
            )
        GROUP BY 1
    ) AS d
$$;
"""

COUNTS = """
CREATE OR REPLACE FUNCTION person_counts(people bigint[]) RETURNS TABLE (
    user_id bigint, name_key text, language_code text, first_seen_at timestamptz, bookings integer, events integer,
    lessons integer, has_active_booking boolean, latest_stream text, latest_status smallint,
    last_activity_at timestamptz, temperature smallint, cools_on date, blocked boolean, search_text text,
    lesson_types text[]
) LANGUAGE sql STABLE AS $$
    SELECT
        u.user_id,
        translate(lower(left(COALESCE(
            NULLIF(btrim(concat_ws(' ', NULLIF(btrim(u.first_name), ''), NULLIF(btrim(u.last_name), ''))), ''),
            u.username,
            ''
        ), 100)), 'ёЁ', 'ее'),
        left(COALESCE(u.language_code, ''), 35),
        COALESCE(u.first_seen_at, '-infinity'),
        b.bookings,
        e.events,
        l.lessons,
        b.has_active_booking,
        COALESCE(b.latest_stream, ''),
        (CASE WHEN b.bookings = 0 THEN 0 ELSE b.latest_status END)::smallint,
        COALESCE(GREATEST(e.newest, b.newest, l.newest), '-infinity'),
        (CASE WHEN b.has_confirmed_booking THEN -1 ELSE t.temperature END)::smallint,
        CASE WHEN NOT b.has_confirmed_booking THEN t.cools_on END,
        EXISTS (SELECT FROM blocked_users AS x WHERE x.user_id = u.user_id),
        person_text(u.user_id, u.username, u.first_name, u.last_name),
        l.kinds
    FROM unnest(people) AS wanted (user_id)
    JOIN users AS u ON u.user_id = wanted.user_id
    CROSS JOIN LATERAL (
        SELECT count(*)::integer AS bookings, max(created_at) AS newest,
            COALESCE(bool_or(confirmed IS DISTINCT FROM -1), false) AS has_active_booking,
            COALESCE(bool_or(confirmed = 2), false) AS has_confirmed_booking,
            (array_agg(course_stream ORDER BY created_at DESC NULLS LAST, id DESC))[1] AS latest_stream,
            CASE (array_agg(confirmed ORDER BY created_at DESC NULLS LAST, id DESC))[1]
                WHEN -1 THEN 1 WHEN 0 THEN 3 WHEN 1 THEN 4 WHEN 2 THEN 5 ELSE 2
            END AS latest_status
        FROM bookings WHERE bookings.user_id = u.user_id
    ) AS b
    CROSS JOIN LATERAL (
        SELECT count(*)::integer AS events, max(created_at) FILTER (
            WHERE event_type NOT IN (
                'booking_status_changed', 'payment_approved', 'free_lesson_reminder_sent', 'stats_requested',
                'referral_created', 'bot_blocked'
            )
        ) AS newest FROM events WHERE events.user_id = u.user_id
    ) AS e
    CROSS JOIN LATERAL (
        SELECT count(*)::integer AS lessons, max(registered_at) AS newest,
            COALESCE(array_agg(DISTINCT lesson_type::text COLLATE "C") FILTER (WHERE lesson_type IS NOT NULL), '{}')
                AS kinds
        FROM free_lesson_registrations AS r WHERE r.user_id = u.user_id
    ) AS l
    CROSS JOIN LATERAL person_temperature(u.user_id) AS t
$$;
"""

# Whether somebody has a confirmed booking is not looked up for each event: under this lock the totals say so, since
# whatever changes a booking counts its person in full.
RECOUNT_EVENTS = """
CREATE OR REPLACE FUNCTION person_totals_recount_events(people bigint[]) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off SET random_page_cost = 0 SET jit = off AS $$
DECLARE
    locked bigint[];
BEGIN
    IF cardinality(people) = 0 THEN
        RETURN;
    END IF;
    locked := person_totals_lock(people);
    UPDATE person_totals AS t
    SET events = e.events, last_activity_at = GREATEST(t.last_activity_at, e.newest),
        temperature = CASE WHEN t.temperature = -1 THEN -1 ELSE w.temperature END,
        cools_on = CASE WHEN t.temperature <> -1 THEN w.cools_on END
    FROM unnest(locked) AS wanted (user_id)
    CROSS JOIN LATERAL (
        SELECT count(*)::integer AS events, max(created_at) FILTER (
            WHERE event_type NOT IN (
                'booking_status_changed', 'payment_approved', 'free_lesson_reminder_sent', 'stats_requested',
                'referral_created', 'bot_blocked'
            )
        ) AS newest FROM events WHERE events.user_id = wanted.user_id
    ) AS e
    CROSS JOIN LATERAL person_temperature(wanted.user_id) AS w
    WHERE t.user_id = wanted.user_id;
    IF cardinality(locked) < cardinality(people) THEN
        PERFORM person_totals_mark(ARRAY(SELECT unnest(people) EXCEPT SELECT unnest(locked)));
    END IF;
END $$;
"""

# What each function said before.
BEFORE = (
    (", 'stats_requested',\n                'referral_created', 'bot_blocked'", ""),
    ("(CASE WHEN b.has_confirmed_booking THEN -1 ELSE t.temperature END)::smallint", "t.temperature"),
    ("CASE WHEN NOT b.has_confirmed_booking THEN t.cools_on END", "t.cools_on"),
    ("CASE WHEN t.temperature = -1 THEN -1 ELSE w.temperature END", "w.temperature"),
    ("CASE WHEN t.temperature <> -1 THEN w.cools_on END", "w.cools_on"),
)
ANY_EVENT = TEMPERATURE[TEMPERATURE.index("            AND e.event_type") : TEMPERATURE.index("        GROUP BY 1")]


def before(function: str) -> str:
    function = function.replace(ANY_EVENT, "")
    for now, then in BEFORE:
        function = function.replace(now, then)
    return function


def count_everybody(apps, schema_editor):
    """Each batch commits by itself; the triggers are at work, so nothing written meanwhile is missed."""
    with schema_editor.connection.cursor() as cursor:
        last = None
        while True:
            cursor.execute(
                "SELECT array_agg(user_id), max(user_id) FROM ("
                " SELECT user_id FROM users WHERE %(last)s::bigint IS NULL OR user_id > %(last)s"
                " ORDER BY user_id LIMIT %(size)s) AS batch",
                {"last": last, "size": PEOPLE_AT_ONCE},
            )
            people, last = cursor.fetchone()
            if not people:
                return
            cursor.execute("SELECT person_totals_fold(%s)", [people])


def leads(model_name: str) -> migrations.AlterField:
    choices = [(-1, "Not a lead"), (0, "Cold"), (1, "Cool"), (2, "Warm"), (3, "Hot")]
    field = models.SmallIntegerField(choices=choices, db_default=0, verbose_name="lead")
    return migrations.AlterField(model_name=model_name, name="temperature", field=field)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("users", "0020_index_lesson_types"), ("bookings", "0012_count_changed_lessons")]

    operations = [
        leads("persontotals"),
        leads("livepersontotals"),
        migrations.RunPython(migrations.RunPython.noop, count_everybody),
        migrations.RunSQL(
            [TEMPERATURE, COUNTS, RECOUNT_EVENTS], [before(each) for each in (TEMPERATURE, COUNTS, RECOUNT_EVENTS)]
        ),
        migrations.RunPython(count_everybody, migrations.RunPython.noop),
    ]
