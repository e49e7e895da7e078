"""The functions that count and find people, and the triggers on the bot's tables: history, totals, marks."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations

import hsl_dashboard.db

# Copies of what the files in sql/ say today; later changes are migrations of their own.
MOSCOW, ZONE = "'Europe/Moscow'", "'" + settings.TIME_ZONE.replace("'", "''") + "'"

FUNCTIONS = r"""
-- The school's day of a moment. Migrations replace Europe/Moscow with settings.TIME_ZONE.
CREATE OR REPLACE FUNCTION school_day(moment timestamptz) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT (moment AT TIME ZONE 'Europe/Moscow')::date $$;

-- Today's date at the school. Migrations replace Europe/Moscow with settings.TIME_ZONE.
CREATE OR REPLACE FUNCTION school_today() RETURNS date LANGUAGE sql STABLE
AS $$ SELECT (now() AT TIME ZONE 'Europe/Moscow')::date $$;

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

-- Gives the text by which a person is searched, folded; each part is cut so that a hostile name stays small.
-- The schema is named because an index is built without a search path.
CREATE OR REPLACE FUNCTION person_text(user_id bigint, username text, first_name text, last_name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT public.folded(
        left(COALESCE(first_name, ''), 100) || ' ' || left(COALESCE(last_name, ''), 100)
        || ' @' || left(COALESCE(username, ''), 100) || ' ' || user_id::text
    )
$$;

-- Splits a text into its runs of one, two and three letters, so that every search is one lookup in one GIN index.
-- pg_trgm needs three letters and knows only letters and digits: for two letters, an emoji or a dot it would read its
-- whole index.
CREATE OR REPLACE FUNCTION person_grams(searched text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_agg(DISTINCT substr(searched, place, size) COLLATE "C")
    FROM generate_series(1, length(searched)) AS place, generate_series(1, 3) AS size
    WHERE place + size - 1 <= length(searched)
$$;

-- Gives the runs of three letters of each word of a search, shorter words whole: what person_grams() must have of a text
-- that contains all the words.
CREATE OR REPLACE FUNCTION searched_grams(searched text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_agg(DISTINCT substr(word, place, 3))
    FROM unnest(string_to_array(searched, ' ')) AS word, generate_series(1, greatest(length(word) - 2, 1)) AS place
    WHERE word <> ''
$$;

-- Gives a LIKE pattern for each word of a search, every letter taken as it is: a text contains the words in any order.
CREATE OR REPLACE FUNCTION searched_patterns(searched text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_agg(DISTINCT '%' || regexp_replace(word, '([\\%_])', '\\\1', 'g') || '%')
    FROM unnest(string_to_array(searched, ' ')) AS word
    WHERE word <> ''
$$;

-- Counts everything that person_totals holds for these people, in time linear in their number. People with a
-- confirmed booking are no leads (-1). Names are cut: an index entry has a size limit, and a hostile name must not make
-- the bot's INSERT fail.
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

-- Takes the totals of these people that nobody else holds, and gives their ids; it never waits.
--
-- A write is counted so: the trigger of the written table locks the totals of the touched people here and counts those
-- people again under the lock. Whoever another transaction holds is marked in counting_marks instead, and so is whoever
-- an event is about: the view person_totals_live counts the marked ones on the spot, beat folds them in.
--
-- This is exact because each statement of a volatile function sees what was committed before it began (READ COMMITTED):
-- a count made under the lock sees all that earlier holders wrote. What it cannot see, a write not yet committed, comes
-- with a mark of its own. Under REPEATABLE READ the snapshot is older than the lock, so there everybody is only marked.
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

-- Marks people for a recount.
CREATE OR REPLACE FUNCTION person_totals_mark(people bigint[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO counting_marks (user_id) SELECT person FROM unnest(people) AS person WHERE person IS NOT NULL
$$;

-- Counts these people again, and marks those whose totals another transaction holds. Called by the triggers.
-- Whole tables cost more than any look into an index here: within a transaction that has just written a hundred
-- thousand rows the planner takes each person for the owner of one in two hundred of them.
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

-- Counts everybody again: a table was truncated.
CREATE OR REPLACE FUNCTION person_totals_recount_everybody() RETURNS void LANGUAGE sql AS $$
    SELECT person_totals_recount(ARRAY(SELECT user_id FROM person_totals UNION SELECT user_id FROM users))
$$;

-- Recounts these people and removes their marks, except those whose totals are locked elsewhere; returns how many.
-- Marks are removed before the count: a mark that arrives later may stand for a row that this count has not seen.
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
    DELETE FROM counting_marks AS m
    USING (
        SELECT unnest(locked) AS user_id
        UNION
        SELECT person FROM unnest(people) AS person
        WHERE NOT EXISTS (SELECT FROM users AS u WHERE u.user_id = person)
            AND NOT EXISTS (SELECT FROM person_totals AS t WHERE t.user_id = person)
    ) AS done
    WHERE m.user_id = done.user_id;
    PERFORM person_totals_recount(locked);
    RETURN cardinality(locked);
END $$;

-- Recounts some marked people and returns those still marked, in one call: an export does so before it begins.
CREATE OR REPLACE FUNCTION person_totals_fold_some(at_most integer) RETURNS bigint[] LANGUAGE plpgsql AS $$
BEGIN
    PERFORM person_totals_fold(ARRAY(
        SELECT DISTINCT user_id FROM counting_marks LIMIT at_most
    ));
    RETURN ARRAY(SELECT DISTINCT user_id FROM counting_marks);
END $$;

-- Finds the people whose searched text (or, if asked, whose e-mail) contains a text; NULL if more than at_most match.
-- It gives up early on common texts: the index statistics of ANALYZE show which runs of letters are common, and a
-- sample of 0.3 % of the table shows whether they occur together. Rare texts are answered from the index alone; the
-- planner by itself would sometimes read the whole table.
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

-- Finds the people whose searched text contains a text. If more than at_most match, it finds those whose e-mail alone
-- contains it, if these are fewer. NULL stands for "more than at_most".
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

-- The totals, exact at every moment: marked people are counted on the spot, each by itself, so that whoever asks for a
-- few does not wait for all who are marked.
CREATE OR REPLACE VIEW person_totals_live AS
    SELECT
        user_id, name_key, language_code, first_seen_at, bookings, events, lessons, has_active_booking, latest_stream,
        latest_status, last_activity_at, temperature, cools_on, blocked, search_text, lesson_types
    FROM person_totals AS t
    WHERE NOT EXISTS (SELECT FROM counting_marks AS m WHERE m.user_id = t.user_id)
    UNION ALL
    SELECT
        m.user_id, c.name_key, c.language_code, c.first_seen_at, c.bookings, c.events, c.lessons, c.has_active_booking,
        c.latest_stream, c.latest_status, c.last_activity_at, c.temperature, c.cools_on, c.blocked, c.search_text,
        c.lesson_types
    FROM (SELECT DISTINCT user_id FROM counting_marks) AS m CROSS JOIN LATERAL person_counts(ARRAY[m.user_id]) AS c;
""".replace(MOSCOW, ZONE)

DROP_FUNCTIONS = """
DROP VIEW person_totals_live;
DROP FUNCTION people_sought, people_found, person_totals_fold_some, person_totals_fold,
    person_totals_recount_everybody, person_totals_recount, person_totals_mark, person_totals_lock, person_counts,
    person_grams, person_text, searched_grams, searched_patterns, person_temperature, school_today, school_day;
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
        ("users", "0003_own_tables"),
    ]

    operations = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.RunSQL(STATISTICS, "DROP STATISTICS person_totals_together"),
        pgtrigger.migrations.AddTrigger(
            model_name="blockeduser",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "users_blockeduserevent" ("blocked_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "user_id") VALUES (NEW."blocked_at", _pgh_attach_context(), NOW(), \'insert\', NEW."user_id", NEW."reason", NEW."user_id"); RETURN NULL;',
                    hash="070b914484d912d62fb62be60bea0d55915ffd09",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_10140",
                    table="blocked_users",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="blockeduser",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "users_blockeduserevent" ("blocked_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "user_id") VALUES (NEW."blocked_at", _pgh_attach_context(), NOW(), \'update\', NEW."user_id", NEW."reason", NEW."user_id"); RETURN NULL;',
                    hash="70303050a29c57d2e43f40104c6009e91a0aa93f",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_1eae6",
                    table="blocked_users",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="blockeduser",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "users_blockeduserevent" ("blocked_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "user_id") VALUES (OLD."blocked_at", _pgh_attach_context(), NOW(), \'delete\', OLD."user_id", OLD."reason", OLD."user_id"); RETURN NULL;',
                    hash="abca6ab8c8a11a4af3f4579241d3ac650de4dbb2",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_d07ad",
                    table="blocked_users",
                    when="AFTER",
                ),
            ),
        ),
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
                sql=hsl_dashboard.db.LightTriggerSql(
                    func="\n            IF NEW.user_id IS NOT NULL THEN\n                INSERT INTO counting_marks (user_id, about) VALUES (NEW.user_id, NEW.event_type);\n            END IF;\n            IF NEW.created_at < now() - interval '5 minutes' THEN\n                INSERT INTO users_numbermark (user_id, day) VALUES (NEW.user_id, school_day(NEW.created_at));\n            END IF;\n            RETURN NULL;",
                    hash="d8c60d6d1020b255fab1523126d0892e77276ea6",
                    operation="INSERT",
                    pgid="pgtrigger_person_totals_insert_f4f0d",
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
                    func="INSERT INTO counting_marks (user_id) SELECT DISTINCT user_id FROM (\n                (SELECT user_id, created_at, event_type FROM old_rows EXCEPT ALL SELECT user_id, created_at, event_type FROM new_rows)\n                UNION ALL\n                (SELECT user_id, created_at, event_type FROM new_rows EXCEPT ALL SELECT user_id, created_at, event_type FROM old_rows)\n            ) AS changed WHERE user_id IS NOT NULL; RETURN NULL;",
                    hash="23954dba3d332745ff9885f23473c680209d1209",
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
                    func="INSERT INTO counting_marks (user_id) SELECT DISTINCT user_id FROM old_rows WHERE user_id IS NOT NULL; RETURN NULL;",
                    hash="08511b71f7157427bf3c05e09fb4850b68acc22e",
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
                    func="INSERT INTO counting_marks (user_id) SELECT user_id FROM users; RETURN NULL;",
                    hash="ef0287e337c3577d079850433a9fda4def07434d",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_person_totals_truncate_8bf66",
                    table="events",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="event",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id OR OLD.created_at IS DISTINCT FROM NEW.created_at OR OLD.event_type IS DISTINCT FROM NEW.event_type OR OLD.details IS DISTINCT FROM NEW.details)",
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (OLD.user_id, school_day(OLD.created_at)), (NEW.user_id, school_day(NEW.created_at)); RETURN NULL;",
                    hash="8ff1245a0fd753fece86014802ac51e1d232a8dc",
                    operation="UPDATE",
                    pgid="pgtrigger_numbers_update_1654b",
                    table="events",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="event",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (OLD.user_id, school_day(OLD.created_at)); RETURN NULL;",
                    hash="9d7e872b1dce7a0f938637cb166100452788c1e5",
                    operation="DELETE",
                    pgid="pgtrigger_numbers_delete_d435e",
                    table="events",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="event",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NULL, NULL); RETURN NULL;",
                    hash="6c7d7c5c91d41b9d5bf7b801d41d76ec2d1ce763",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_numbers_truncate_5ba74",
                    table="events",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="telegramuser",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_insert",
                sql=hsl_dashboard.db.LightTriggerSql(
                    func="\n            IF NEW.user_id IS NOT NULL THEN\n                INSERT INTO counting_marks (user_id, about) VALUES (NEW.user_id, NULL);\n            END IF;\n            IF NEW.first_seen_at < now() - interval '5 minutes' THEN\n                INSERT INTO users_numbermark (user_id, day) VALUES (NEW.user_id, school_day(NEW.first_seen_at));\n            END IF;\n            RETURN NULL;",
                    hash="ac6bb881f86a235c4c18bc3978854ee45a171a2f",
                    operation="INSERT",
                    pgid="pgtrigger_person_totals_insert_89bcd",
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
        pgtrigger.migrations.AddTrigger(
            model_name="telegramuser",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id OR OLD.first_seen_at IS DISTINCT FROM NEW.first_seen_at)",
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (OLD.user_id, school_day(OLD.first_seen_at)), (NEW.user_id, school_day(NEW.first_seen_at)); RETURN NULL;",
                    hash="4b8eb53a6ff120775637882023c734b33796dedf",
                    operation="UPDATE",
                    pgid="pgtrigger_numbers_update_b11b6",
                    table="users",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="telegramuser",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (OLD.user_id, school_day(OLD.first_seen_at)); RETURN NULL;",
                    hash="df71e4ba529fa1fabf85a31bbc740fde7b22858a",
                    operation="DELETE",
                    pgid="pgtrigger_numbers_delete_ef863",
                    table="users",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="telegramuser",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NULL, NULL); RETURN NULL;",
                    hash="3e63840b12548ad10d2328cf59902fc8956d3c2c",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_numbers_truncate_89b7c",
                    table="users",
                    when="AFTER",
                ),
            ),
        ),
    ]
