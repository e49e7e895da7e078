"""The people's totals, the functions and triggers that keep them, and the search over people."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
import users.models.fields
from django.conf import settings
from django.db import migrations, models


# Copies of what users/sql says today, with its reasons; later changes are migrations of their own.
MOSCOW, ZONE = "'Europe/Moscow'", "'" + settings.TIME_ZONE.replace("'", "''") + "'"

SCHOOL_TODAY = """
CREATE OR REPLACE FUNCTION school_today() RETURNS date LANGUAGE sql STABLE
AS $$ SELECT (now() AT TIME ZONE 'Europe/Moscow')::date $$;
""".replace(MOSCOW, ZONE)

PERSON_TEMPERATURE = """
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
""".replace(MOSCOW, ZONE)

FOLDED = r"""
CREATE OR REPLACE FUNCTION folded(words text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    -- Few names have such a letter, and this takes five times as long as all the rest.
    IF words COLLATE "C" ~ '[^ -~А-Яа-яЁё]' THEN
        words := normalize(translate(
            words,
            E'\u0130'
                '\u0009\u000A\u000B\u000C\u000D\u0085\u00A0\u1680\u2000\u2001\u2002\u2003'
                '\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u2028\u2029\u202F\u205F\u3000'
                '\u00AD\u061C\u180E\u200B\u200C\u200D\u200E\u200F\u202A\u202B\u202C\u202D'
                '\u202E\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\uFEFF',
            'i                        '
        ));
    END IF;
    RETURN btrim(replace(replace(translate(lower(words COLLATE "pg_c_utf8"), 'ёς', 'еσ'), '  ', ' '), '  ', ' '));
END $$;
"""
# The letters of Unicode as lower() knows them: built into the server since 17, from ICU, from the C library.
COLLATIONS = ["pg_c_utf8", "und-x-icu", "C.utf8", "C.UTF-8"]
# A server that has none of them: Latin, Greek, Cyrillic and Armenian capitals.
CAPITALS = [chr(number) for number in range(0x80, 0x557) if len(chr(number).lower()) == 1]
CAPITALS = [letter for letter in CAPITALS if letter.lower() != letter]


def folded_on(collations):
    """Write the function for a server that has these collations."""
    known = next((name for name in COLLATIONS if name in collations), None)
    if known:
        return FOLDED.replace("pg_c_utf8", known)
    lowered = "".join(letter.lower() for letter in CAPITALS)
    return FOLDED.replace(
        'lower(words COLLATE "pg_c_utf8")', f"translate(lower(words), '{''.join(CAPITALS)}', '{lowered}')"
    )


def create_folded(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT collname FROM pg_collation WHERE collnamespace = 'pg_catalog'::regnamespace"
            " AND collencoding IN (-1, pg_char_to_encoding('UTF8'))"
        )
        collations = {name for (name,) in cursor.fetchall()}
    schema_editor.execute(folded_on(collations), params=None)


PERSON_TEXT = """
CREATE OR REPLACE FUNCTION person_text(user_id bigint, username text, first_name text, last_name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT public.folded(
        left(COALESCE(first_name, ''), 100) || ' ' || left(COALESCE(last_name, ''), 100)
        || ' @' || left(COALESCE(username, ''), 100) || ' ' || user_id::text
    )
$$;
"""

SEARCHED_GRAMS = """
CREATE OR REPLACE FUNCTION searched_grams(searched text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_agg(DISTINCT substr(word, place, 3))
    FROM unnest(string_to_array(searched, ' ')) AS word, generate_series(1, greatest(length(word) - 2, 1)) AS place
    WHERE word <> ''
$$;
"""

SEARCHED_PATTERNS = r"""
CREATE OR REPLACE FUNCTION searched_patterns(searched text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_agg(DISTINCT '%' || regexp_replace(word, '([\\%_])', '\\\1', 'g') || '%')
    FROM unnest(string_to_array(searched, ' ')) AS word
    WHERE word <> ''
$$;
"""

PERSON_GRAMS = """
CREATE OR REPLACE FUNCTION person_grams(searched text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_agg(DISTINCT substr(searched, place, size) COLLATE "C")
    FROM generate_series(1, length(searched)) AS place, generate_series(1, 3) AS size
    WHERE place + size - 1 <= length(searched)
$$;
"""

PERSON_COUNTS = """
CREATE OR REPLACE FUNCTION person_counts(people bigint[]) RETURNS TABLE (
    user_id bigint, name_key text, language_code text, first_seen_at timestamptz, bookings integer, events integer,
    lessons integer, has_active_booking boolean, latest_stream text, latest_status smallint,
    last_activity_at timestamptz, temperature smallint, cools_on date, blocked boolean, search_text text,
    lesson_types text[]
) LANGUAGE sql STABLE AS $$
    SELECT
        u.user_id,
        folded(left(COALESCE(
            NULLIF(btrim(concat_ws(' ', NULLIF(btrim(u.first_name), ''), NULLIF(btrim(u.last_name), ''))), ''),
            u.username,
            ''
        ), 100)),
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

PERSON_TOTALS_LOCK = """
CREATE OR REPLACE FUNCTION person_totals_lock(people bigint[]) RETURNS bigint[] LANGUAGE plpgsql AS $$
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

PERSON_TOTALS_MARK = """
CREATE OR REPLACE FUNCTION person_totals_mark(people bigint[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO person_totals_pending (user_id) SELECT person FROM unnest(people) AS person WHERE person IS NOT NULL
$$;
"""

PERSON_TOTALS_RECOUNT = """
CREATE OR REPLACE FUNCTION person_totals_recount(people bigint[]) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off SET random_page_cost = 0 SET jit = off AS $$
DECLARE
    locked bigint[];
BEGIN
    IF cardinality(people) = 0 THEN
        RETURN;
    END IF;
    locked := person_totals_lock(people);
    UPDATE person_totals AS t SET
        name_key = c.name_key, language_code = c.language_code, first_seen_at = c.first_seen_at,
        bookings = c.bookings, events = c.events, lessons = c.lessons, has_active_booking = c.has_active_booking,
        latest_stream = c.latest_stream, latest_status = c.latest_status, last_activity_at = c.last_activity_at,
        temperature = c.temperature, cools_on = c.cools_on, blocked = c.blocked, search_text = c.search_text,
        lesson_types = c.lesson_types
    FROM person_counts(locked) AS c WHERE t.user_id = c.user_id;
    DELETE FROM person_totals AS t
    WHERE t.user_id = ANY (locked) AND NOT EXISTS (SELECT FROM users AS u WHERE u.user_id = t.user_id);
    IF cardinality(locked) < cardinality(people) THEN
        PERFORM person_totals_mark(ARRAY(SELECT unnest(people) EXCEPT SELECT unnest(locked)));
    END IF;
END $$;
"""

PERSON_TOTALS_RECOUNT_EVERYBODY = """
CREATE OR REPLACE FUNCTION person_totals_recount_everybody() RETURNS void LANGUAGE sql AS $$
    SELECT person_totals_recount(ARRAY(SELECT user_id FROM person_totals UNION SELECT user_id FROM users))
$$;
"""

PERSON_TOTALS_CREATE = """
CREATE OR REPLACE FUNCTION person_totals_create(people bigint[]) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off SET random_page_cost = 0 SET jit = off AS $$
DECLARE
    created bigint[];
BEGIN
    IF cardinality(people) = 0 THEN
        RETURN;
    END IF;
    WITH new_totals AS (
        INSERT INTO person_totals (
            user_id, name_key, language_code, first_seen_at, bookings, events, lessons, has_active_booking,
            latest_stream, latest_status, last_activity_at, temperature, cools_on, blocked, search_text, lesson_types
        ) SELECT
            user_id, name_key, language_code, first_seen_at, bookings, events, lessons, has_active_booking,
            latest_stream, latest_status, last_activity_at, temperature, cools_on, blocked, search_text, lesson_types
        FROM person_counts(people)
        ON CONFLICT (user_id) DO NOTHING RETURNING user_id
    )
    SELECT array_agg(user_id) INTO created FROM new_totals;
    IF cardinality(COALESCE(created, '{}')) < cardinality(people) THEN
        PERFORM person_totals_mark(ARRAY(SELECT unnest(people) EXCEPT SELECT unnest(created)));
    END IF;
END $$;
"""

PERSON_TOTALS_RECOUNT_EVENTS = """
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

PERSON_TOTALS_FOLD = """
CREATE OR REPLACE FUNCTION person_totals_fold(people bigint[]) RETURNS integer
LANGUAGE plpgsql SET enable_seqscan = off SET random_page_cost = 0 SET jit = off AS $$
DECLARE
    locked bigint[];
BEGIN
    -- ON CONFLICT alone would wait for whoever is updating the row.
    INSERT INTO person_totals (
        user_id, name_key, language_code, first_seen_at, bookings, events, lessons, has_active_booking, latest_stream,
        latest_status, last_activity_at, temperature, cools_on, blocked, search_text, lesson_types
    ) SELECT
        user_id, name_key, language_code, first_seen_at, bookings, events, lessons, has_active_booking, latest_stream,
        latest_status, last_activity_at, temperature, cools_on, blocked, search_text, lesson_types
    FROM person_counts(ARRAY(
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

PERSON_TOTALS_FOLD_SOME = """
CREATE OR REPLACE FUNCTION person_totals_fold_some(at_most integer) RETURNS bigint[] LANGUAGE plpgsql AS $$
BEGIN
    PERFORM person_totals_fold(ARRAY(SELECT DISTINCT user_id FROM person_totals_pending LIMIT at_most));
    RETURN ARRAY(SELECT DISTINCT user_id FROM person_totals_pending);
END $$;
"""

PEOPLE_FOUND = """
CREATE OR REPLACE FUNCTION people_found(searched text, with_emails boolean, at_most integer) RETURNS bigint[]
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET jit = off AS $$
DECLARE
    grams text[] := searched_grams(searched);
    patterns text[] := searched_patterns(searched);
    people real := (SELECT reltuples FROM pg_class WHERE oid = 'users'::regclass);
    share real;
    found bigint[];
BEGIN
    SELECT CASE WHEN count(*) = cardinality(grams) THEN min(known.share) END INTO share
    FROM pg_stats AS s, unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) AS known (gram, share)
    WHERE s.schemaname = current_schema() AND s.tablename = 'users_grams' AND known.gram = ANY (grams);
    IF share * people > 4 * at_most AND (
        cardinality(grams) = 1
        OR (
            SELECT count(*) * 333 > 2 * at_most FROM users AS u TABLESAMPLE SYSTEM (0.3)
            WHERE person_text(u.user_id, u.username, u.first_name, u.last_name) LIKE ALL (patterns)
        )
    ) THEN
        RETURN NULL;
    END IF;
    found := ARRAY(
        SELECT u.user_id FROM users AS u
        WHERE person_grams(person_text(u.user_id, u.username, u.first_name, u.last_name)) @> grams
            AND (cardinality(grams) = 1
                OR person_text(u.user_id, u.username, u.first_name, u.last_name) LIKE ALL (patterns))
        LIMIT at_most + 1
    );
    IF with_emails AND cardinality(found) <= at_most THEN
        found := ARRAY(SELECT unnest(found) UNION (
            SELECT r.user_id FROM free_lesson_registrations AS r
            WHERE person_grams(left(folded(r.email), 254)) @> grams
                AND left(folded(r.email), 254) LIKE ALL (patterns)
            LIMIT at_most + 1
        ));
    END IF;
    RETURN CASE WHEN cardinality(found) <= at_most THEN found END;
END $$;
"""

PEOPLE_SOUGHT = """
CREATE OR REPLACE FUNCTION people_sought(
    searched text, with_emails boolean, at_most integer, OUT listed bigint[], OUT by_email bigint[]
) LANGUAGE plpgsql STABLE SET enable_seqscan = off SET jit = off AS $$
DECLARE
    grams text[] := searched_grams(searched);
    patterns text[] := searched_patterns(searched);
BEGIN
    listed := people_found(searched, with_emails, at_most);
    by_email := '{}';
    IF listed IS NULL AND with_emails THEN
        by_email := ARRAY(
            SELECT r.user_id FROM free_lesson_registrations AS r
            WHERE person_grams(left(folded(r.email), 254)) @> grams
                AND left(folded(r.email), 254) LIKE ALL (patterns)
            LIMIT at_most + 1
        );
        IF cardinality(by_email) > at_most THEN
            by_email := NULL;
        END IF;
    END IF;
END $$;
"""

PERSON_TOTALS_LIVE = """
CREATE OR REPLACE VIEW person_totals_live AS
    SELECT
        user_id, name_key, language_code, first_seen_at, bookings, events, lessons, has_active_booking, latest_stream,
        latest_status, last_activity_at, temperature, cools_on, blocked, search_text, lesson_types
    FROM person_totals AS t
    WHERE NOT EXISTS (SELECT FROM person_totals_pending AS p WHERE p.user_id = t.user_id)
    UNION ALL
    SELECT
        user_id, name_key, language_code, first_seen_at, bookings, events, lessons, has_active_booking, latest_stream,
        latest_status, last_activity_at, temperature, cools_on, blocked, search_text, lesson_types
    FROM person_counts(ARRAY(SELECT DISTINCT user_id FROM person_totals_pending));
"""

FUNCTIONS = [
    SCHOOL_TODAY,
    PERSON_TEMPERATURE,
    PERSON_TEXT,
    PERSON_GRAMS,
    SEARCHED_GRAMS,
    SEARCHED_PATTERNS,
    PERSON_COUNTS,
    PERSON_TOTALS_LOCK,
    PERSON_TOTALS_MARK,
    PERSON_TOTALS_RECOUNT,
    PERSON_TOTALS_RECOUNT_EVERYBODY,
    PERSON_TOTALS_CREATE,
    PERSON_TOTALS_RECOUNT_EVENTS,
    PERSON_TOTALS_FOLD,
    PERSON_TOTALS_FOLD_SOME,
    PEOPLE_FOUND,
    PEOPLE_SOUGHT,
    PERSON_TOTALS_LIVE,
]
DROP_FUNCTIONS = """
DROP VIEW person_totals_live;
DROP FUNCTION people_sought, people_found, person_totals_fold_some, person_totals_fold, person_totals_recount_events,
    person_totals_create, person_totals_recount_everybody, person_totals_recount, person_totals_mark,
    person_totals_lock, person_counts, person_grams, person_text, searched_grams, searched_patterns, person_temperature,
    school_today;
"""

# Without these the planner multiplies the shares: it expects 70,000 people with bookings and no stream, and there are 2,500.
STATISTICS = """
CREATE STATISTICS person_totals_together (mcv, dependencies)
ON latest_stream, latest_status, has_active_booking FROM person_totals
"""


class Migration(migrations.Migration):
    # The functions read the tables of bookings; who imports whom is a question of Python, not of tables.
    dependencies = [
        ("bookings", "0001_bot_tables"),
        ("users", "0003_staff_records"),
    ]

    operations = [
        migrations.CreateModel(
            name="LivePersonTotals",
            fields=[
                (
                    "telegram_user",
                    models.OneToOneField(
                        db_column="user_id",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="%(class)s",
                        serialize=False,
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                ("name_key", models.TextField(db_collation="C", db_default="")),
                ("language_code", models.TextField(db_collation="C", db_default="", verbose_name="language")),
                (
                    "first_seen_at",
                    users.models.fields.EverSortedDateTimeField(db_default="-infinity", verbose_name="first seen"),
                ),
                ("bookings", models.IntegerField(db_default=0, verbose_name="bookings")),
                ("events", models.IntegerField(db_default=0, verbose_name="events")),
                ("lessons", models.IntegerField(db_default=0, verbose_name="lessons")),
                ("has_active_booking", models.BooleanField(db_default=False, verbose_name="has an active booking")),
                ("latest_stream", models.TextField(db_collation="C", db_default="", verbose_name="latest stream")),
                (
                    "latest_status",
                    models.SmallIntegerField(
                        choices=[
                            (0, "No bookings"),
                            (1, "Cancelled"),
                            (2, "Unknown"),
                            (3, "New request"),
                            (4, "Pending"),
                            (5, "Confirmed"),
                        ],
                        db_default=0,
                        verbose_name="latest status",
                    ),
                ),
                (
                    "last_activity_at",
                    users.models.fields.EverSortedDateTimeField(db_default="-infinity", verbose_name="last activity"),
                ),
                (
                    "temperature",
                    models.SmallIntegerField(
                        choices=[(-1, "Not a lead"), (0, "Cold"), (1, "Cool"), (2, "Warm"), (3, "Hot")],
                        db_default=0,
                        verbose_name="lead",
                    ),
                ),
                ("cools_on", models.DateField(null=True)),
                ("blocked", models.BooleanField(db_default=False, verbose_name="is blocked")),
                ("search_text", models.TextField(db_collation="C", db_default="")),
                (
                    "lesson_types",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), db_default=[], size=None),
                ),
            ],
            options={
                "db_table": "person_totals_live",
                "managed": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="PersonToCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField(db_index=True)),
            ],
            options={
                "db_table": "person_totals_pending",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="PersonTotals",
            fields=[
                (
                    "telegram_user",
                    models.OneToOneField(
                        db_column="user_id",
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="%(class)s",
                        serialize=False,
                        to="users.telegramuser",
                        verbose_name="person",
                    ),
                ),
                ("name_key", models.TextField(db_collation="C", db_default="")),
                ("language_code", models.TextField(db_collation="C", db_default="", verbose_name="language")),
                (
                    "first_seen_at",
                    users.models.fields.EverSortedDateTimeField(db_default="-infinity", verbose_name="first seen"),
                ),
                ("bookings", models.IntegerField(db_default=0, verbose_name="bookings")),
                ("events", models.IntegerField(db_default=0, verbose_name="events")),
                ("lessons", models.IntegerField(db_default=0, verbose_name="lessons")),
                ("has_active_booking", models.BooleanField(db_default=False, verbose_name="has an active booking")),
                ("latest_stream", models.TextField(db_collation="C", db_default="", verbose_name="latest stream")),
                (
                    "latest_status",
                    models.SmallIntegerField(
                        choices=[
                            (0, "No bookings"),
                            (1, "Cancelled"),
                            (2, "Unknown"),
                            (3, "New request"),
                            (4, "Pending"),
                            (5, "Confirmed"),
                        ],
                        db_default=0,
                        verbose_name="latest status",
                    ),
                ),
                (
                    "last_activity_at",
                    users.models.fields.EverSortedDateTimeField(db_default="-infinity", verbose_name="last activity"),
                ),
                (
                    "temperature",
                    models.SmallIntegerField(
                        choices=[(-1, "Not a lead"), (0, "Cold"), (1, "Cool"), (2, "Warm"), (3, "Hot")],
                        db_default=0,
                        verbose_name="lead",
                    ),
                ),
                ("cools_on", models.DateField(null=True)),
                ("blocked", models.BooleanField(db_default=False, verbose_name="is blocked")),
                ("search_text", models.TextField(db_collation="C", db_default="")),
                (
                    "lesson_types",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), db_default=[], size=None),
                ),
            ],
            options={
                "verbose_name": "person's totals",
                "verbose_name_plural": "people's totals",
                "db_table": "person_totals",
            },
        ),
        migrations.RunPython(create_folded, lambda apps, editor: editor.execute("DROP FUNCTION folded")),
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.RunSQL(STATISTICS, "DROP STATISTICS person_totals_together"),
        pgtrigger.migrations.AddTrigger(
            model_name="blockeduser",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount(ARRAY(SELECT DISTINCT user_id FROM new_rows)); RETURN NULL;",
                    hash="dc431b51c75036613d7d2c9e6475a3d28f919d6b",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_person_totals_insert_b8461",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="blocked_users",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="blockeduser",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        PERFORM person_totals_recount(ARRAY(\n            SELECT DISTINCT user_id FROM (\n                (SELECT user_id FROM old_rows EXCEPT ALL SELECT user_id FROM new_rows)\n                UNION ALL\n                (SELECT user_id FROM new_rows EXCEPT ALL SELECT user_id FROM old_rows)\n            ) AS changed\n        ));\n     RETURN NULL;",
                    hash="e66308947117626daf0d214195e10540551379cb",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_person_totals_update_16c05",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="blocked_users",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="blockeduser",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount(ARRAY(SELECT DISTINCT user_id FROM old_rows)); RETURN NULL;",
                    hash="f55b46086feee6c5d8bad82bb2a7607e0991b3be",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_person_totals_delete_ad8db",
                    referencing="REFERENCING OLD TABLE AS old_rows ",
                    table="blocked_users",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="blockeduser",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount_everybody(); RETURN NULL;",
                    hash="eb7f6a8ce912bde50b693a4a9ed3a2811de47e0c",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_person_totals_truncate_dd079",
                    table="blocked_users",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="event",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount_events(ARRAY(SELECT DISTINCT user_id FROM new_rows)); RETURN NULL;",
                    hash="b2c4d2c2ecf10faaf338f301b562363796363b15",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_person_totals_insert_f4f0d",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="events",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="event",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        PERFORM person_totals_recount(ARRAY(\n            SELECT DISTINCT user_id FROM (\n                (SELECT user_id, created_at, event_type FROM old_rows EXCEPT ALL SELECT user_id, created_at, event_type FROM new_rows)\n                UNION ALL\n                (SELECT user_id, created_at, event_type FROM new_rows EXCEPT ALL SELECT user_id, created_at, event_type FROM old_rows)\n            ) AS changed\n        ));\n     RETURN NULL;",
                    hash="44a8e009b19ae1fa476065d80a04c2527d55e290",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_person_totals_update_550fe",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="events",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="event",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount(ARRAY(SELECT DISTINCT user_id FROM old_rows)); RETURN NULL;",
                    hash="a3bad3657ba1b34eb7db83c6aaca75972b653628",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_person_totals_delete_4c6be",
                    referencing="REFERENCING OLD TABLE AS old_rows ",
                    table="events",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="event",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount_everybody(); RETURN NULL;",
                    hash="fee0459b4864594d6dd0073776c143a3ab8574ea",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_person_totals_truncate_8bf66",
                    table="events",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="telegramuser",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_create(ARRAY(SELECT user_id FROM new_rows)); RETURN NULL;",
                    hash="3f11f9575d763a2dc83e57d0fa5b4f3e328cd360",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_person_totals_insert_89bcd",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="users",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="telegramuser",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        PERFORM person_totals_recount(ARRAY(\n            SELECT DISTINCT user_id FROM (\n                (SELECT user_id, username, first_name, last_name, language_code, first_seen_at FROM old_rows EXCEPT ALL SELECT user_id, username, first_name, last_name, language_code, first_seen_at FROM new_rows)\n                UNION ALL\n                (SELECT user_id, username, first_name, last_name, language_code, first_seen_at FROM new_rows EXCEPT ALL SELECT user_id, username, first_name, last_name, language_code, first_seen_at FROM old_rows)\n            ) AS changed\n        ));\n     RETURN NULL;",
                    hash="3f8374d9293859ec2ae0416fd543399fd5ba485c",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_person_totals_update_5d9a0",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="users",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="telegramuser",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount(ARRAY(SELECT DISTINCT user_id FROM old_rows)); RETURN NULL;",
                    hash="c9a28928581bf1d13bde61ef27c8c26669c73b93",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_person_totals_delete_f8b5c",
                    referencing="REFERENCING OLD TABLE AS old_rows ",
                    table="users",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="telegramuser",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount_everybody(); RETURN NULL;",
                    hash="448e16b19bc5a997a4509d70a01228da29662c41",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_person_totals_truncate_78ce9",
                    table="users",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(models.F("name_key"), models.F("telegram_user"), name="person_totals_name"),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(models.F("language_code"), models.F("telegram_user"), name="person_totals_language"),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(models.F("first_seen_at"), models.F("telegram_user"), name="person_totals_first_seen"),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(models.F("bookings"), models.F("telegram_user"), name="person_totals_bookings"),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(models.F("events"), models.F("telegram_user"), name="person_totals_events"),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(models.F("lessons"), models.F("telegram_user"), name="person_totals_lessons"),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(models.F("latest_stream"), models.F("telegram_user"), name="person_totals_stream"),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(models.F("latest_status"), models.F("telegram_user"), name="person_totals_status"),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(models.F("last_activity_at"), models.F("telegram_user"), name="person_totals_activity"),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(models.F("temperature"), models.F("telegram_user"), name="person_totals_temperature"),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(models.F("blocked"), models.F("telegram_user"), name="person_totals_blocked"),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(
                models.F("cools_on"), condition=models.Q(("cools_on__isnull", False)), name="person_totals_cools_on"
            ),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(
                models.F("latest_stream"),
                models.F("latest_status"),
                models.F("first_seen_at"),
                condition=models.Q(("bookings__gt", 0), ("latest_status__gt", 0)),
                name="person_totals_booked",
            ),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(
                models.F("last_activity_at"),
                models.F("telegram_user"),
                condition=models.Q(("temperature__gt", 0)),
                name="person_totals_lead_activity",
            ),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(
                models.F("events"),
                models.F("telegram_user"),
                condition=models.Q(("temperature__gt", 0)),
                name="person_totals_lead_events",
            ),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=models.Index(
                models.F("first_seen_at"),
                models.F("telegram_user"),
                condition=models.Q(("temperature__gt", 0)),
                name="person_totals_lead_seen",
            ),
        ),
        migrations.AddIndex(
            model_name="persontotals",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("lessons__gt", 0)), fields=["lesson_types"], name="person_totals_kinds"
            ),
        ),
    ]
