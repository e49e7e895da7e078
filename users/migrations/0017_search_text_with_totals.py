"""Keep with the totals what the list of people is searched by, and count any number of people in linear time.

Also here, because every function is written anew for the columns:

* the newest booking comes out of the same pass as the counts: ``ORDER BY … LIMIT 1`` looked into the index of everybody's
  bookings whenever the planner did not know that few of them are one person's;
* whole tables cost more than any look into an index while people are counted. Within a transaction that has just written
  a hundred thousand rows nobody has counted them for the planner; it takes each person for the owner of one in two
  hundred, and to read the whole table once a person takes hours.
"""

from importlib import import_module

import django.contrib.postgres.fields
from django.db import migrations, models

first = import_module("users.migrations.0005_count_people")
own = import_module("users.migrations.0014_own_activity")

COLUMNS = (*first.COLUMNS, "search_text", "lesson_types")
NAMES = ", ".join(COLUMNS)
SET_ALL = ", ".join(f"{name} = c.{name}" for name in COLUMNS)
LINEAR = "LANGUAGE plpgsql SET enable_seqscan = off SET random_page_cost = 0 SET jit = off AS"

COUNTS = """
CREATE FUNCTION person_counts(people bigint[]) RETURNS TABLE (
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
        t.temperature,
        t.cools_on,
        EXISTS (SELECT FROM blocked_users AS x WHERE x.user_id = u.user_id),
        person_text(u.user_id, u.username, u.first_name, u.last_name),
        l.kinds
    FROM unnest(people) AS wanted (user_id)
    JOIN users AS u ON u.user_id = wanted.user_id
    CROSS JOIN LATERAL (
        SELECT count(*)::integer AS bookings, max(created_at) AS newest,
            COALESCE(bool_or(confirmed IS DISTINCT FROM -1), false) AS has_active_booking,
            (array_agg(course_stream ORDER BY created_at DESC NULLS LAST, id DESC))[1] AS latest_stream,
            CASE (array_agg(confirmed ORDER BY created_at DESC NULLS LAST, id DESC))[1]
                WHEN -1 THEN 1 WHEN 0 THEN 3 WHEN 1 THEN 4 WHEN 2 THEN 5 ELSE 2
            END AS latest_status
        FROM bookings WHERE bookings.user_id = u.user_id
    ) AS b
    CROSS JOIN LATERAL (
        SELECT count(*)::integer AS events, max(created_at) FILTER (
            WHERE event_type NOT IN ('booking_status_changed', 'payment_approved', 'free_lesson_reminder_sent')
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


# For whoever looks at the list: whose count still waits afterwards is counted on the spot. One call, for one query.
FOLD_SOME = """
CREATE FUNCTION person_totals_fold_some(at_most integer) RETURNS bigint[] LANGUAGE plpgsql AS $$
BEGIN
    PERFORM person_totals_fold(ARRAY(SELECT DISTINCT user_id FROM person_totals_pending LIMIT at_most));
    RETURN ARRAY(SELECT DISTINCT user_id FROM person_totals_pending);
END $$;
"""

# The people in whose text it stands; when they are more than ``at_most``, those in whose e-mails alone it stands, if they
# are fewer. NULL for what is more.
SEEK = """
CREATE FUNCTION people_sought(
    searched text, with_emails boolean, at_most integer, OUT listed bigint[], OUT by_email bigint[]
) LANGUAGE plpgsql STABLE SET enable_seqscan = off SET jit = off AS $$
DECLARE
    grams text[] := CASE
        WHEN length(searched) < 3 THEN ARRAY[searched]
        ELSE ARRAY(SELECT DISTINCT substr(searched, place, 3) FROM generate_series(1, length(searched) - 2) AS place)
    END;
BEGIN
    listed := people_found(searched, with_emails, at_most);
    by_email := '{}';
    IF listed IS NULL AND with_emails THEN
        by_email := ARRAY(
            SELECT r.user_id FROM free_lesson_registrations AS r
            WHERE person_grams(left(lower(r.email), 254)) @> grams
                AND position(searched IN left(lower(r.email), 254)) > 0
            LIMIT at_most + 1
        );
        IF cardinality(by_email) > at_most THEN
            by_email := NULL;
        END IF;
    END IF;
END $$;
"""


def rewritten(function: str) -> str:
    """Give a function of migration 0005 for these columns, counting linearly."""
    return (
        function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
        .replace(first.SET_ALL, SET_ALL)
        .replace(first.NAMES, NAMES)
        .replace("LANGUAGE plpgsql AS", LINEAR)
    )


def replaced(function: str) -> str:
    return function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


OWN_COUNTS = own.replaced(first.COUNTS, old=own.ANY, new=own.OWN)
OWN_RECOUNT_EVENTS = own.replaced(first.RECOUNT_EVENTS, old=own.ANY, new=own.OWN)
DROP = "DROP VIEW person_totals_live; DROP FUNCTION person_counts"
FUNCTIONS = (first.RECOUNT, first.CREATE, OWN_RECOUNT_EVENTS, first.FOLD)
NOW = [DROP, COUNTS, *map(rewritten, FUNCTIONS), first.LIVE.replace(first.NAMES, NAMES), FOLD_SOME, SEEK]
BEFORE = [
    "DROP FUNCTION people_sought, person_totals_fold_some",
    DROP,
    OWN_COUNTS,
    *map(replaced, FUNCTIONS),
    first.LIVE,
]


def columns(model_name: str) -> list[migrations.AddField]:
    kinds = django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), db_default=[], size=None)
    text = models.TextField(db_default="", db_collation="C")
    return [
        migrations.AddField(model_name=model_name, name="search_text", field=text),
        migrations.AddField(model_name=model_name, name="lesson_types", field=kinds),
    ]


class Migration(migrations.Migration):
    dependencies = [("users", "0016_correlated_people"), ("bookings", "0005_person_totals_triggers")]

    operations = [
        *columns("persontotals"),
        *columns("livepersontotals"),
        migrations.RunSQL(NOW, BEFORE),
    ]
