"""The SQL functions that keep ``person_totals``, and the view that is exact at every moment.

How a write is counted. The trigger of the written table takes the totals rows of the touched people with SKIP LOCKED,
which never waits, and counts those people again under that lock. A person whose totals another transaction holds is
marked in ``person_totals_pending`` instead: the view counts the marked ones on the spot, beat folds them in.

Why this is exact. Each statement of a volatile function sees what was committed before it began (READ COMMITTED), so a
count made under the lock sees all that earlier holders wrote. What it cannot see, a write not yet committed, comes
with a mark of its own. Under REPEATABLE READ the snapshot is older than the lock, so there everybody is only marked.
"""

from django.conf import settings
from django.db import migrations

ZONE = "'" + settings.TIME_ZONE.replace("'", "''") + "'"

COLUMNS = (
    "name_key",
    "language_code",
    "first_seen_at",
    "bookings",
    "events",
    "lessons",
    "has_active_booking",
    "latest_stream",
    "latest_status",
    "last_activity_at",
    "temperature",
    "cools_on",
    "blocked",
)
NAMES = ", ".join(COLUMNS)
SET_ALL = ", ".join(f"{name} = c.{name}" for name in COLUMNS)

TODAY = f"""
CREATE FUNCTION school_today() RETURNS date LANGUAGE sql STABLE
AS $$ SELECT (now() AT TIME ZONE {ZONE})::date $$;
"""

TEMPERATURE = f"""
CREATE FUNCTION person_temperature(person bigint) RETURNS TABLE (temperature smallint, cools_on date)
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
        GROUP BY 1
    ) AS d
$$;
"""

# Names are cut: an index entry has a limit, and a hostile name must not make the bot's INSERT fail.
COUNTS = """
CREATE FUNCTION person_counts(people bigint[]) RETURNS TABLE (
    user_id bigint, name_key text, language_code text, first_seen_at timestamptz, bookings integer, events integer,
    lessons integer, has_active_booking boolean, latest_stream text, latest_status smallint,
    last_activity_at timestamptz, temperature smallint, cools_on date, blocked boolean
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
        COALESCE(newest.course_stream, ''),
        COALESCE(newest.status, 0)::smallint,
        COALESCE(GREATEST(e.newest, b.newest, l.newest), '-infinity'),
        t.temperature,
        t.cools_on,
        EXISTS (SELECT FROM blocked_users AS x WHERE x.user_id = u.user_id)
    FROM unnest(people) AS wanted (user_id)
    JOIN users AS u ON u.user_id = wanted.user_id
    CROSS JOIN LATERAL (
        SELECT count(*)::integer AS bookings, max(created_at) AS newest,
            COALESCE(bool_or(confirmed IS DISTINCT FROM -1), false) AS has_active_booking
        FROM bookings WHERE bookings.user_id = u.user_id
    ) AS b
    LEFT JOIN LATERAL (
        SELECT course_stream,
            CASE confirmed WHEN -1 THEN 1 WHEN 0 THEN 3 WHEN 1 THEN 4 WHEN 2 THEN 5 ELSE 2 END AS status
        FROM bookings WHERE bookings.user_id = u.user_id
        ORDER BY created_at DESC NULLS LAST, id DESC LIMIT 1
    ) AS newest ON true
    CROSS JOIN LATERAL (
        SELECT count(*)::integer AS events, max(created_at) AS newest FROM events WHERE events.user_id = u.user_id
    ) AS e
    CROSS JOIN LATERAL (
        SELECT count(*)::integer AS lessons, max(registered_at) AS newest
        FROM free_lesson_registrations AS r WHERE r.user_id = u.user_id
    ) AS l
    CROSS JOIN LATERAL person_temperature(u.user_id) AS t
$$;
"""

LOCK = """
CREATE FUNCTION person_totals_lock(people bigint[]) RETURNS bigint[] LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(
        SELECT t.user_id FROM person_totals AS t WHERE t.user_id = ANY (people)
        ORDER BY t.user_id FOR NO KEY UPDATE SKIP LOCKED
    );
END $$;
"""

MARK = """
CREATE FUNCTION person_totals_mark(people bigint[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO person_totals_pending (user_id) SELECT person FROM unnest(people) AS person WHERE person IS NOT NULL
$$;
"""

RECOUNT = f"""
CREATE FUNCTION person_totals_recount(people bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    locked bigint[];
BEGIN
    IF cardinality(people) = 0 THEN
        RETURN;
    END IF;
    locked := person_totals_lock(people);
    UPDATE person_totals AS t SET {SET_ALL} FROM person_counts(locked) AS c WHERE t.user_id = c.user_id;
    DELETE FROM person_totals AS t
    WHERE t.user_id = ANY (locked) AND NOT EXISTS (SELECT FROM users AS u WHERE u.user_id = t.user_id);
    IF cardinality(locked) < cardinality(people) THEN
        PERFORM person_totals_mark(ARRAY(SELECT unnest(people) EXCEPT SELECT unnest(locked)));
    END IF;
END $$;

CREATE FUNCTION person_totals_recount_everybody() RETURNS void LANGUAGE sql AS $$
    SELECT person_totals_recount(ARRAY(SELECT user_id FROM person_totals UNION SELECT user_id FROM users))
$$;
"""

CREATE = f"""
CREATE FUNCTION person_totals_create(people bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    created bigint[];
BEGIN
    IF cardinality(people) = 0 THEN
        RETURN;
    END IF;
    WITH new_totals AS (
        INSERT INTO person_totals (user_id, {NAMES}) SELECT user_id, {NAMES} FROM person_counts(people)
        ON CONFLICT (user_id) DO NOTHING RETURNING user_id
    )
    SELECT array_agg(user_id) INTO created FROM new_totals;
    IF cardinality(COALESCE(created, '{{}}')) < cardinality(people) THEN
        PERFORM person_totals_mark(ARRAY(SELECT unnest(people) EXCEPT SELECT unnest(created)));
    END IF;
END $$;
"""

# New events, by far the most frequent write, leave most of the counts as they are. They are counted, not added up: in
# one statement with a booking (WITH … INSERT … INSERT) the booking's trigger may have counted them already.
RECOUNT_EVENTS = """
CREATE FUNCTION person_totals_recount_events(people bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    locked bigint[];
BEGIN
    IF cardinality(people) = 0 THEN
        RETURN;
    END IF;
    locked := person_totals_lock(people);
    UPDATE person_totals AS t
    SET events = e.events, last_activity_at = GREATEST(t.last_activity_at, e.newest),
        temperature = w.temperature, cools_on = w.cools_on
    FROM unnest(locked) AS wanted (user_id)
    CROSS JOIN LATERAL (
        SELECT count(*)::integer AS events, max(created_at) AS newest FROM events WHERE events.user_id = wanted.user_id
    ) AS e
    CROSS JOIN LATERAL person_temperature(wanted.user_id) AS w
    WHERE t.user_id = wanted.user_id;
    IF cardinality(locked) < cardinality(people) THEN
        PERFORM person_totals_mark(ARRAY(SELECT unnest(people) EXCEPT SELECT unnest(locked)));
    END IF;
END $$;
"""

# Marks go before the count: one that comes later stands for something that this count may not have seen.
FOLD = f"""
CREATE FUNCTION person_totals_fold(people bigint[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    locked bigint[];
BEGIN
    -- ON CONFLICT alone would wait for whoever is updating the row.
    INSERT INTO person_totals (user_id, {NAMES}) SELECT user_id, {NAMES} FROM person_counts(ARRAY(
        SELECT person FROM unnest(people) AS person
        WHERE NOT EXISTS (SELECT FROM person_totals AS t WHERE t.user_id = person)
    ))
    ON CONFLICT (user_id) DO NOTHING;
    locked := person_totals_lock(people);
    DELETE FROM person_totals_pending AS p
    WHERE p.user_id = ANY (locked)
        OR p.user_id = ANY (people) AND NOT EXISTS (SELECT FROM users AS u WHERE u.user_id = p.user_id)
            AND NOT EXISTS (SELECT FROM person_totals AS t WHERE t.user_id = p.user_id);
    PERFORM person_totals_recount(locked);
    RETURN cardinality(locked);
END $$;
"""

LIVE = f"""
CREATE VIEW person_totals_live AS
    SELECT user_id, {NAMES} FROM person_totals AS t
    WHERE NOT EXISTS (SELECT FROM person_totals_pending AS p WHERE p.user_id = t.user_id)
    UNION ALL
    SELECT user_id, {NAMES} FROM person_counts(ARRAY(SELECT DISTINCT user_id FROM person_totals_pending));
"""

CREATE_ALL = [TODAY, TEMPERATURE, COUNTS, LOCK, MARK, RECOUNT, CREATE, RECOUNT_EVENTS, FOLD, LIVE]
DROP_ALL = """
DROP VIEW person_totals_live;
DROP FUNCTION person_totals_fold, person_totals_recount_events, person_totals_create, person_totals_recount_everybody,
    person_totals_recount, person_totals_mark, person_totals_lock, person_counts, person_temperature, school_today;
"""


class Migration(migrations.Migration):
    # The functions read the tables of bookings; who imports whom is a question of Python, not of tables.
    dependencies = [("users", "0004_person_totals"), ("bookings", "0001_bot_tables")]

    operations = [
        migrations.RunSQL(CREATE_ALL, DROP_ALL),
    ]
