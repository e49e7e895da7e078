"""The functions that find and count bookings, lessons and money, and the triggers that mark what to count."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations

import hsl_dashboard.db

# Copies of what the files in sql/ say today; later changes are migrations of their own.
MOSCOW, ZONE = "'Europe/Moscow'", "'" + settings.TIME_ZONE.replace("'", "''") + "'"

FUNCTIONS = """
-- Finds the bookings of people whose searched text (or, if asked, whose e-mail) contains a text, and those made under a
-- name that contains it, since people rename themselves in Telegram. For more than at_most bookings "listed" is NULL,
-- and a walk through the list meets them soon: it asks for these people, and for the bookings made under such a name.
-- NULL in their place: more than at_most of these, too.
CREATE OR REPLACE FUNCTION bookings_found(
    searched text, with_emails boolean, at_most integer, OUT listed integer[], OUT people bigint[], OUT booked integer[]
) LANGUAGE plpgsql STABLE SET enable_seqscan = off SET jit = off AS $$
DECLARE
    grams text[] := searched_grams(searched);
    patterns text[] := searched_patterns(searched);
BEGIN
    people := people_found(searched, with_emails, at_most);
    IF people IS NULL THEN
        RETURN;
    END IF;
    booked := ARRAY(
        SELECT b.id FROM bookings AS b
        WHERE person_grams(person_text(b.user_id, b.username, b.first_name, NULL)) @> grams
            AND person_text(b.user_id, b.username, b.first_name, NULL) LIKE ALL (patterns)
        LIMIT at_most + 1
    );
    IF cardinality(booked) > at_most THEN
        booked := NULL;
        RETURN;
    END IF;
    listed := ARRAY(
        (SELECT b.id FROM bookings AS b WHERE b.user_id = ANY (people) LIMIT at_most + 1) UNION SELECT unnest(booked)
    );
    IF cardinality(listed) > at_most THEN
        listed := NULL;
    END IF;
END $$;

-- Counts how far each registration of these people led. A step counts when it happened at or after the registration.
-- The bot writes the kind of a lesson into details, at the top or under "lesson". A date outside the calendar is none.
CREATE OR REPLACE FUNCTION lesson_steps_of(people bigint[]) RETURNS TABLE (
    registration_id integer, user_id bigint, lesson_type text, lesson_on date, registered_at timestamptz,
    reminded boolean, attended_at timestamptz, booked_at timestamptz, confirmed boolean
) LANGUAGE sql STABLE AS $$
    SELECT
        r.id, r.user_id, COALESCE(r.lesson_type, ''),
        CASE WHEN r.lesson_date BETWEEN '0001-01-01' AND '9999-12-31' THEN r.lesson_date ELSE '-infinity' END,
        CASE WHEN r.registered_at BETWEEN '0001-01-02' AND '9999-12-30' THEN r.registered_at ELSE '-infinity' END,
        COALESCE(r.notification_sent, false), e.attended_at, b.booked_at, b.confirmed
    FROM free_lesson_registrations AS r
    CROSS JOIN LATERAL (
        SELECT min(created_at) AS attended_at FROM events
        WHERE events.user_id = r.user_id AND event_type = 'lesson_link_clicked'
            AND created_at >= COALESCE(r.registered_at, '-infinity')
            AND created_at BETWEEN '0001-01-02' AND '9999-12-30'
            AND r.lesson_type IN (details->>'lesson_type', details->'lesson'->>'lesson_type')
    ) AS e
    CROSS JOIN LATERAL (
        SELECT min(bookings.created_at) AS booked_at, COALESCE(bool_or(bookings.confirmed = 2), false) AS confirmed
        FROM bookings
        WHERE bookings.user_id = r.user_id AND bookings.created_at >= COALESCE(r.registered_at, '-infinity')
            AND bookings.created_at BETWEEN '0001-01-02' AND '9999-12-30'
    ) AS b
    WHERE r.user_id = ANY (people)
$$;

-- Counts the registrations of these people again. Called by one at a time, who holds the lock of lesson_steps_fold.
CREATE OR REPLACE FUNCTION lesson_steps_recount(people bigint[]) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off SET jit = off AS $$
BEGIN
    DELETE FROM lesson_steps AS s
    WHERE s.user_id = ANY (people) AND NOT EXISTS (
        SELECT FROM free_lesson_registrations AS r WHERE r.id = s.registration_id AND r.user_id = s.user_id
    );
    INSERT INTO lesson_steps AS s (
        registration_id, user_id, lesson_type, lesson_on, registered_at, reminded, attended_at, booked_at, confirmed
    ) SELECT * FROM lesson_steps_of(people)
    ON CONFLICT (registration_id) DO UPDATE SET
        user_id = EXCLUDED.user_id, lesson_type = EXCLUDED.lesson_type, lesson_on = EXCLUDED.lesson_on,
        registered_at = EXCLUDED.registered_at, reminded = EXCLUDED.reminded, attended_at = EXCLUDED.attended_at,
        booked_at = EXCLUDED.booked_at, confirmed = EXCLUDED.confirmed
    WHERE s IS DISTINCT FROM EXCLUDED;
END $$;

-- Counts marked people and takes their marks away; returns how many, or -1 while somebody else is at it. A mark is
-- removed before the count: one that arrives later may stand for a row that this count has not seen.
CREATE OR REPLACE FUNCTION lesson_steps_fold(at_most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    people bigint[];
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('lesson_steps_fold', 0)) THEN
        RETURN -1;
    END IF;
    WITH taken AS (
        DELETE FROM lesson_steps_pending
        WHERE user_id IN (SELECT DISTINCT user_id FROM lesson_steps_pending LIMIT at_most)
        RETURNING user_id
    )
    SELECT array_agg(DISTINCT user_id) INTO people FROM taken;
    IF people IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM lesson_steps_recount(people);
    RETURN cardinality(people);
END $$;

-- The trigger's: marks the person of a row, so that their registrations are counted again.
CREATE OR REPLACE FUNCTION lesson_steps_mark() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO lesson_steps_pending (user_id) SELECT DISTINCT user_id FROM lesson_steps;
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' AND OLD.user_id IS NOT NULL THEN
        INSERT INTO lesson_steps_pending (user_id) VALUES (OLD.user_id);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.user_id IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.user_id IS DISTINCT FROM OLD.user_id)
    THEN
        INSERT INTO lesson_steps_pending (user_id) VALUES (NEW.user_id);
    END IF;
    RETURN NULL;
END $$;

-- What a booking is worth: the price of its stream, else of its course in US dollars, less its discount.
CREATE OR REPLACE VIEW booking_money AS
    SELECT
        b.id AS booking_id,
        p.price,
        CASE WHEN s.price IS NOT NULL THEN s.currency ELSE 'USD' END AS currency,
        p.price - p.expected AS discount,
        p.expected
    FROM bookings AS b
    LEFT JOIN courses AS k ON k.id = b.course_id
    LEFT JOIN bookings_stream AS s ON s.course_id = b.course_id AND s.code = b.course_stream
    CROSS JOIN LATERAL (
        SELECT COALESCE(s.price, round(k.price_usd_cents / 100.0, 2)) AS price,
            round(
                COALESCE(s.price, k.price_usd_cents / 100.0)
                    * (100 - LEAST(GREATEST(COALESCE(b.discount_percent, 0), 0), 100)) / 100,
                2
            ) AS expected
    ) AS p;

-- When a confirmed booking was confirmed: by the record of its changes, before that by the bot's event, else when it
-- was made. A booking that was inserted confirmed was confirmed when it was made; a change that was undone, with what
-- undid it, confirmed nothing.
CREATE OR REPLACE FUNCTION confirmation_moment(booking integer, made timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT COALESCE(
        (
            SELECT CASE WHEN c.is_new THEN COALESCE(made, c.changed_at) ELSE c.changed_at END
            FROM bookings_bookingchange AS c
            WHERE c.booking_id = booking AND c.status = 2 AND c.undone_at IS NULL ORDER BY c.id DESC LIMIT 1
        ),
        (
            SELECT max(e.created_at) FROM events AS e
            WHERE e.event_type = 'booking_status_changed' AND e.details->>'booking_id' = booking::text
                AND e.details->>'new_status' = '2' AND e.details->>'undoes' IS NULL
        ),
        made
    )
$$;

-- Keeps the row of bookings_confirmation for one booking, whose row the writer has locked. By indexes only: one statement
-- may confirm very many bookings while the tables that are looked up here are empty, and they grow meanwhile.
CREATE OR REPLACE FUNCTION confirmation_keep(booking integer) RETURNS void
LANGUAGE sql SET enable_seqscan = off AS $$
    DELETE FROM bookings_confirmation AS c
    WHERE c.booking_id = booking AND NOT EXISTS (SELECT FROM bookings AS b WHERE b.id = booking AND b.confirmed = 2);
    INSERT INTO bookings_confirmation (booking_id, confirmed_at)
    SELECT b.id, confirmation_moment(b.id, b.created_at) FROM bookings AS b WHERE b.id = booking AND b.confirmed = 2
    ON CONFLICT (booking_id) DO UPDATE SET confirmed_at = EXCLUDED.confirmed_at
$$;

-- The trigger's: marks the person of a row, so that beat looks again which of their payments wait for a decision.
CREATE OR REPLACE FUNCTION payments_mark() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO bookings_paymentmark (user_id) SELECT DISTINCT user_id FROM bookings_waitingpayment;
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' AND OLD.user_id IS NOT NULL THEN
        INSERT INTO bookings_paymentmark (user_id) VALUES (OLD.user_id);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.user_id IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.user_id IS DISTINCT FROM OLD.user_id)
    THEN
        INSERT INTO bookings_paymentmark (user_id) VALUES (NEW.user_id);
    END IF;
    RETURN NULL;
END $$;

-- Which bookings of these people wait, and since when. One that is pending waits since it became so; what staff took
-- back goes on as if nobody had decided. Another waits since the first proof after its last change; a cancelled one only
-- where its person has nothing newer, and the moment of the cancelling is known. The bot writes a proof a moment before
-- or after the status that goes with it. Its dates can be anything: one outside the limits counts as unknown, and stands
-- behind all others, in 2100, since nobody can say that it waits longest.
CREATE OR REPLACE FUNCTION waiting_payments_of(people bigint[]) RETURNS TABLE (
    booking_id integer, user_id bigint, status integer, since timestamptz, proof_at timestamptz
) LANGUAGE sql STABLE AS $$
    SELECT b.id, b.user_id, b.confirmed,
        CASE WHEN found.since > dates.earliest AND found.since < dates.latest THEN found.since ELSE dates.latest END,
        LEAST(GREATEST(found.proof_at, dates.earliest), dates.latest)
    FROM bookings AS b
    CROSS JOIN (
        VALUES (timestamptz '2000-01-01 00:00+00', timestamptz '2100-01-01 00:00+00')
    ) AS dates (earliest, latest)
    LEFT JOIN LATERAL (
        SELECT c.changed_at, c.is_new FROM bookings_bookingchange AS c
        WHERE c.booking_id = b.id AND c.undone_at IS NULL ORDER BY c.id DESC LIMIT 1
    ) AS last ON true
    CROSS JOIN LATERAL (
        SELECT CASE WHEN b.confirmed = 1 THEN COALESCE(
            (
                SELECT CASE WHEN c.is_new THEN COALESCE(b.created_at, c.changed_at) ELSE c.changed_at END
                FROM bookings_bookingchange AS c
                WHERE c.booking_id = b.id AND c.status = 1 AND c.undone_at IS NULL
                    AND NOT (COALESCE(c.was IN (2, -1), false) AND c.changed_by_id IS NOT NULL)
                ORDER BY c.id DESC LIMIT 1
            ),
            (
                SELECT max(e.created_at) FROM events AS e
                WHERE e.event_type = 'booking_status_changed' AND e.details->>'booking_id' = b.id::text
                    AND e.details->>'new_status' = '1'
            ),
            b.created_at
        ) WHEN last.is_new IS FALSE THEN last.changed_at
        WHEN b.confirmed = -1 THEN (
            SELECT max(e.created_at) FROM events AS e
            WHERE e.event_type = 'booking_status_changed' AND e.details->>'booking_id' = b.id::text
        ) ELSE b.created_at END AS at
        OFFSET 0  -- or it would be worked out anew wherever it is named
    ) AS moved
    CROSS JOIN LATERAL (
        SELECT min(e.created_at) AS first_at, max(e.created_at) AS last_at FROM events AS e
        WHERE e.user_id = b.user_id AND e.event_type IN ('payment_proof_uploaded', 'alternative_payment_proof')
            AND e.created_at > CASE WHEN b.confirmed = 1 THEN moved.at - interval '10 minutes' ELSE moved.at END
    ) AS proof
    CROSS JOIN LATERAL (
        SELECT CASE WHEN b.confirmed = 1 THEN moved.at ELSE proof.first_at END AS since, proof.last_at AS proof_at
    ) AS found
    WHERE b.user_id = ANY (people) AND b.confirmed IS DISTINCT FROM 2
        AND (b.confirmed = 1 OR proof.first_at IS NOT NULL)
        AND (b.confirmed IS DISTINCT FROM -1 OR NOT EXISTS (
            SELECT FROM bookings AS o
            WHERE o.user_id = b.user_id AND o.id <> b.id AND (o.id > b.id OR o.confirmed IS DISTINCT FROM -1)
        ))
$$;

-- Looks again at marked people and takes their marks away; returns how many, or -1 while somebody else is at it. A mark
-- is removed before the look: one that arrives later may stand for a row that this look has not seen. A new proof brings
-- a payment back that somebody has put off, or asked about. One whose decision was undone is no news.
CREATE OR REPLACE FUNCTION waiting_payments_fold(at_most integer) RETURNS integer
LANGUAGE plpgsql SET enable_seqscan = off SET jit = off AS $$
DECLARE
    people bigint[];
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('waiting_payments_fold', 0)) THEN
        RETURN -1;
    END IF;
    WITH taken AS (
        DELETE FROM bookings_paymentmark
        WHERE user_id IN (SELECT DISTINCT user_id FROM bookings_paymentmark LIMIT at_most)
        RETURNING user_id
    )
    SELECT array_agg(DISTINCT user_id) INTO people FROM taken;
    IF people IS NULL THEN
        RETURN 0;
    END IF;
    WITH found AS MATERIALIZED (
        SELECT * FROM waiting_payments_of(people)
    ), forgotten AS (
        DELETE FROM bookings_waitingpayment AS w
        WHERE w.user_id = ANY (people) AND NOT EXISTS (SELECT FROM found WHERE found.booking_id = w.booking_id)
    )
    INSERT INTO bookings_waitingpayment AS w (booking_id, user_id, status, since, proof_at, came_at)
    SELECT found.*, CASE WHEN last.undone_at IS NULL THEN statement_timestamp()
        ELSE LEAST(found.since, statement_timestamp()) END
    FROM found
    LEFT JOIN LATERAL (
        SELECT c.undone_at FROM bookings_bookingchange AS c
        WHERE c.booking_id = found.booking_id ORDER BY c.id DESC LIMIT 1
    ) AS last ON true
    ON CONFLICT (booking_id) DO UPDATE SET
        user_id = EXCLUDED.user_id, status = EXCLUDED.status, since = EXCLUDED.since, proof_at = EXCLUDED.proof_at,
        put_off_until = CASE WHEN EXCLUDED.proof_at IS NOT DISTINCT FROM w.proof_at THEN w.put_off_until END,
        answered_at = CASE WHEN EXCLUDED.proof_at IS NOT DISTINCT FROM w.proof_at THEN w.answered_at END,
        came_at = CASE WHEN EXCLUDED.proof_at IS NOT DISTINCT FROM w.proof_at THEN w.came_at
            ELSE statement_timestamp() END
    WHERE (w.user_id, w.status, w.since, w.proof_at)
        IS DISTINCT FROM (EXCLUDED.user_id, EXCLUDED.status, EXCLUDED.since, EXCLUDED.proof_at);
    RETURN cardinality(people);
END $$;

-- The school's day of a moment of money; what no calendar of Python holds stands on its first or last day.
CREATE OR REPLACE FUNCTION money_day(moment timestamptz) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN moment IS NOT NULL THEN LEAST(GREATEST(school_day(moment), '0001-01-01'), '9999-12-31') END
$$;

-- Sums the money of a day by course, currency and stream, and again by referral code instead of the stream. NULL is the
-- day of confirmations without a moment. A plan that a session has kept from emptier tables would read them whole.
CREATE OR REPLACE FUNCTION money_of_day(wanted date) RETURNS TABLE (
    part text, course_id integer, key text, currency text, received numeric, refunded numeric, payments integer,
    expected numeric, bookings integer, unpriced integer, confirmed integer, discount numeric
) LANGUAGE plpgsql STABLE SET jit = off SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    begins timestamptz := CASE WHEN wanted > '0001-01-01' THEN wanted::timestamp AT TIME ZONE 'Europe/Moscow'
        ELSE '-infinity' END;
    last timestamptz := CASE WHEN wanted < '9999-12-31'
        THEN (wanted + 1)::timestamp AT TIME ZONE 'Europe/Moscow' - interval '1 microsecond' ELSE 'infinity' END;
BEGIN
    RETURN QUERY
        WITH money AS (
            SELECT b.course_id, b.course_stream::text AS stream, b.referral_code AS code, p.currency::text AS currency,
                GREATEST(p.amount, 0) AS received, GREATEST(-p.amount, 0) AS refunded, 1 AS payment,
                0::numeric AS expected, 0 AS booking, 0 AS unpriced, 0 AS confirmed, 0::numeric AS discount
            FROM bookings_payment AS p LEFT JOIN bookings AS b ON b.id = p.booking_id
            WHERE wanted IS NOT NULL AND p.received_at >= begins AND p.received_at <= last
            UNION ALL
            SELECT b.course_id, b.course_stream, b.referral_code, m.currency,
                0, 0, 0, CASE WHEN paid.is_so THEN 0 ELSE COALESCE(m.expected, 0) END, (NOT paid.is_so)::integer,
                (NOT paid.is_so AND m.expected IS NULL)::integer, 1, COALESCE(m.discount, 0)
            FROM (
                SELECT c.booking_id FROM bookings_confirmation AS c
                WHERE wanted IS NOT NULL AND c.confirmed_at >= begins AND c.confirmed_at <= last
                UNION ALL
                SELECT c.booking_id FROM bookings_confirmation AS c WHERE wanted IS NULL AND c.confirmed_at IS NULL
            ) AS good
            JOIN bookings AS b ON b.id = good.booking_id AND b.confirmed = 2
            JOIN booking_money AS m ON m.booking_id = b.id
            -- Counted once for each booking, by its index: EXISTS would be a list of all payments, made three times over.
            CROSS JOIN LATERAL (
                SELECT count(*) > 0 AS is_so
                FROM (SELECT FROM bookings_payment AS p WHERE p.booking_id = b.id LIMIT 1) AS one
            ) AS paid
        )
        SELECT parts.part, money.course_id, COALESCE(parts.key, '') COLLATE "C", money.currency COLLATE "C",
            sum(money.received), sum(money.refunded), sum(money.payment)::integer,
            sum(money.expected), sum(money.booking)::integer, sum(money.unpriced)::integer,
            sum(money.confirmed)::integer, sum(money.discount)
        FROM money CROSS JOIN LATERAL (VALUES ('stream', money.stream), ('code', money.code)) AS parts (part, key)
        GROUP BY 1, 2, 3, 4;
END $$;

-- Sums the money of these days again, and of their months; NULL among the days is the day of what has no moment.
CREATE OR REPLACE FUNCTION money_recount(days date[]) RETURNS void LANGUAGE sql AS $$
    DELETE FROM bookings_moneyday AS kept
    WHERE kept.part IN ('stream', 'code')
        AND (kept.day = ANY (days) OR (kept.day IS NULL AND array_position(days, NULL) IS NOT NULL));
    INSERT INTO bookings_moneyday (
        day, part, course_id, key, currency, received, refunded, payments, expected, bookings, unpriced,
        confirmed, discount
    )
    SELECT wanted.day, m.part, m.course_id, m.key, m.currency, m.received, m.refunded, m.payments,
        m.expected, m.bookings, m.unpriced, m.confirmed, m.discount
    FROM unnest(days) AS wanted (day) CROSS JOIN LATERAL money_of_day(wanted.day) AS m;
    DELETE FROM bookings_moneyday AS kept
    WHERE kept.part IN ('stream_m', 'code_m')
        AND kept.day IN (SELECT date_trunc('month', wanted.day)::date FROM unnest(days) AS wanted (day));
    INSERT INTO bookings_moneyday (
        day, part, course_id, key, currency, received, refunded, payments, expected, bookings, unpriced,
        confirmed, discount
    )
    SELECT month.day, kept.part || '_m', kept.course_id, kept.key, kept.currency, sum(kept.received), sum(kept.refunded),
        sum(kept.payments), sum(kept.expected), sum(kept.bookings), sum(kept.unpriced), sum(kept.confirmed),
        sum(kept.discount)
    FROM (SELECT DISTINCT date_trunc('month', wanted.day)::date AS day FROM unnest(days) AS wanted (day)) AS month
    JOIN bookings_moneyday AS kept ON kept.part IN ('stream', 'code')
        AND kept.day >= month.day AND kept.day < month.day + interval '1 month'
    GROUP BY 1, 2, 3, 4, 5
$$;

-- Sums some of the marked days again and takes their marks away; returns how many, or -1 while somebody else is at it or
-- all days wait. A mark is removed before the sum: one that arrives later may stand for a row that this sum has not seen.
CREATE OR REPLACE FUNCTION money_fold(at_most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    days date[];
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('money_fold', 0))
        OR EXISTS (SELECT FROM bookings_moneymark WHERE everything)
    THEN
        RETURN -1;
    END IF;
    WITH chosen AS MATERIALIZED (
        SELECT DISTINCT day FROM bookings_moneymark WHERE NOT everything LIMIT at_most
    ), taken AS (
        DELETE FROM bookings_moneymark AS mark USING chosen
        WHERE mark.day IS NOT DISTINCT FROM chosen.day AND NOT mark.everything
        RETURNING mark.day
    )
    SELECT array_agg(DISTINCT day) INTO days FROM taken;
    IF days IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM money_recount(days);
    RETURN cardinality(days);
END $$;
""".replace(MOSCOW, ZONE)

DROP_FUNCTIONS = """
DROP VIEW booking_money;
DROP FUNCTION waiting_payments_fold, waiting_payments_of, money_fold, money_recount, money_of_day, money_day, payments_mark, confirmation_keep,
    confirmation_moment, lesson_steps_mark, lesson_steps_fold, lesson_steps_recount, lesson_steps_of, bookings_found;
"""

# On events, which are frequent, a condition that is false costs nothing.
CLICKED = "event_type = 'lesson_link_clicked'"
PROOF = "{}.event_type IN ('payment_proof_uploaded', 'alternative_payment_proof')"
OLD, NEW = PROOF.format("OLD"), PROOF.format("NEW")
# function, what is added to the trigger's name, moments, table, condition
MARKS = [
    (
        "lesson_steps_mark",
        "",
        "DELETE OR UPDATE OF user_id, lesson_type, lesson_date, registered_at, notification_sent",
        "free_lesson_registrations",
        "",
    ),
    ("lesson_steps_mark", "", "DELETE OR UPDATE OF user_id, created_at, confirmed", "bookings", ""),
    ("lesson_steps_mark", "_insert", "INSERT", "events", f"WHEN (NEW.{CLICKED})"),
    (
        "lesson_steps_mark",
        "_update",
        "UPDATE OF user_id, event_type, created_at, details",
        "events",
        f"WHEN (OLD.{CLICKED} OR NEW.{CLICKED})",
    ),
    ("lesson_steps_mark", "_delete", "DELETE", "events", f"WHEN (OLD.{CLICKED})"),
    # A status is marked where it is recorded.
    ("payments_mark", "", "INSERT", "bookings_bookingchange", "WHEN (NEW.booking_id IS NOT NULL AND NOT NEW.is_new)"),
    ("payments_mark", "", "DELETE OR UPDATE OF user_id, created_at", "bookings", ""),
    ("payments_mark", "_insert", "INSERT", "events", f"WHEN ({NEW})"),
    ("payments_mark", "_update", "UPDATE OF user_id, event_type, created_at", "events", f"WHEN ({OLD} OR {NEW})"),
    ("payments_mark", "_delete", "DELETE", "events", f"WHEN ({OLD})"),
]
EMPTIED = [
    *(("lesson_steps_mark", table) for table in ("free_lesson_registrations", "bookings", "events")),
    *(("payments_mark", table) for table in ("bookings", "events")),
]


def create_triggers():
    for function, suffix, moments, table, when in MARKS:
        yield (
            f"CREATE TRIGGER {function}{suffix} AFTER {moments} ON {table} FOR EACH ROW {when}"
            f" EXECUTE FUNCTION {function}();"
        )
    for function, table in EMPTIED:
        yield (
            f"CREATE TRIGGER {function}_truncate AFTER TRUNCATE ON {table} FOR EACH STATEMENT"
            f" EXECUTE FUNCTION {function}();"
        )


def drop_triggers():
    for function, suffix, _moments, table, _when in MARKS:
        yield f"DROP TRIGGER {function}{suffix} ON {table};"
    for function, table in EMPTIED:
        yield f"DROP TRIGGER {function}_truncate ON {table};"


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0003_describe_streams"),
        ("users", "0004_totals_and_search"),
    ]

    operations = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        PERFORM person_totals_recount(ARRAY(\n            SELECT DISTINCT user_id FROM (\n                (SELECT user_id, id, confirmed, course_stream, created_at FROM old_rows EXCEPT ALL SELECT user_id, id, confirmed, course_stream, created_at FROM new_rows)\n                UNION ALL\n                (SELECT user_id, id, confirmed, course_stream, created_at FROM new_rows EXCEPT ALL SELECT user_id, id, confirmed, course_stream, created_at FROM old_rows)\n            ) AS changed\n        ));\n     RETURN NULL;",
                    hash="ac0f74135f6027cd40afb7b970bd21725c398aef",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_person_totals_update_4c7b3",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount(ARRAY(SELECT DISTINCT user_id FROM old_rows)); RETURN NULL;",
                    hash="388f27db4595d2d106241dbd23c0649b55d4399c",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_person_totals_delete_e395c",
                    referencing="REFERENCING OLD TABLE AS old_rows ",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount_everybody(); RETURN NULL;",
                    hash="be93537a482aa7ef8b8764784df5ec506287d88a",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_person_totals_truncate_95d56",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.created_at < now() - interval '5 minutes')",
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NEW.user_id, school_day(NEW.created_at)); RETURN NULL;",
                    hash="63ad449c508a7fdbe20f3c0d8aa63a055b10afe0",
                    operation="INSERT",
                    pgid="pgtrigger_numbers_insert_57f96",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id OR OLD.created_at IS DISTINCT FROM NEW.created_at OR OLD.confirmed IS DISTINCT FROM NEW.confirmed OR OLD.course_id IS DISTINCT FROM NEW.course_id OR OLD.course_stream IS DISTINCT FROM NEW.course_stream OR OLD.referral_code IS DISTINCT FROM NEW.referral_code)",
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (OLD.user_id, school_day(OLD.created_at)), (NEW.user_id, school_day(NEW.created_at)); RETURN NULL;",
                    hash="81cfe8812fcde796b8015a388816a67d6a014fd8",
                    operation="UPDATE",
                    pgid="pgtrigger_numbers_update_867a6",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (OLD.user_id, school_day(OLD.created_at)); RETURN NULL;",
                    hash="05394d71237577b55a23900d036773d4b658c8ca",
                    operation="DELETE",
                    pgid="pgtrigger_numbers_delete_c647a",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NULL, NULL); RETURN NULL;",
                    hash="86daecc584a2da168dea09b38511e0d647db7175",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_numbers_truncate_a6bc4",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="move_confirmation",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.confirmed = 2 AND NEW.created_at IS DISTINCT FROM OLD.created_at)",
                    func="PERFORM confirmation_keep(NEW.id); RETURN NULL;",
                    hash="9a94ff4f36364c3913bfb9f53b37fca6770ec2c4",
                    operation='UPDATE OF "created_at"',
                    pgid="pgtrigger_move_confirmation_7fda1",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.RemoveTrigger(model_name="booking", name="record_new"),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="record_new",
                sql=hsl_dashboard.db.LightTriggerSql(
                    declare="DECLARE context jsonb := NULLIF(current_setting('pghistory.context_metadata', true), '');",
                    func="\n            INSERT INTO bookings_bookingchange (booking_id, user_id, status, is_new, changed_by_id, reason, origin)\n            VALUES (NEW.id, NEW.user_id, NEW.confirmed, true, \n                CASE WHEN context->>'user' ~ '^[0-9]{1,9}$' THEN (context->>'user')::integer END,\n                COALESCE(context->>'reason', ''),\n                CASE WHEN context IS NULL THEN 'raw' ELSE COALESCE(left(context->>'origin', 20), 'service') END);\n            IF NEW.user_id IS NOT NULL THEN\n                INSERT INTO counting_marks (user_id) VALUES (NEW.user_id);\n                INSERT INTO lesson_steps_pending (user_id) VALUES (NEW.user_id);\n                INSERT INTO bookings_paymentmark (user_id) VALUES (NEW.user_id);\n            END IF;\n            RETURN NULL;\n            ",
                    hash="b884f5c49c2245a39173cca0e66fd2c5f397dc76",
                    operation="INSERT",
                    pgid="pgtrigger_record_new_6c4ff",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="booking",
            trigger=pgtrigger.compiler.Trigger(
                name="money_mark",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.course_id IS DISTINCT FROM NEW.course_id OR OLD.course_stream IS DISTINCT FROM NEW.course_stream OR OLD.referral_code IS DISTINCT FROM NEW.referral_code OR OLD.discount_percent IS DISTINCT FROM NEW.discount_percent)",
                    func="\n            INSERT INTO bookings_moneymark (day, everything) SELECT DISTINCT marked.day, false FROM (\n                SELECT money_day(c.confirmed_at) AS day FROM bookings_confirmation AS c WHERE c.booking_id = NEW.id\n                UNION ALL\n                SELECT money_day(p.received_at) FROM bookings_payment AS p WHERE p.booking_id = NEW.id\n            ) AS marked;\n            RETURN NULL;\n            ",
                    hash="5c59b89306ec6a7c8ba28762b1eb4d7811603f80",
                    operation='UPDATE OF "course_id", "course_stream", "referral_code", "discount_percent"',
                    pgid="pgtrigger_money_mark_65efe",
                    table="bookings",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="bookingchange",
            trigger=pgtrigger.compiler.Trigger(
                name="keep_confirmation",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.booking_id IS NOT NULL AND (NEW.status = 2 OR NEW.was = 2))",
                    func="PERFORM confirmation_keep(NEW.booking_id); RETURN NULL;",
                    hash="c2eb0aa4cc8d8c2d04be77fa56808c90b4c8f83c",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_keep_confirmation_63a73",
                    table="bookings_bookingchange",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="confirmation",
            trigger=pgtrigger.compiler.Trigger(
                name="money_mark",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF TG_OP = 'UPDATE' AND OLD.confirmed_at IS NOT DISTINCT FROM NEW.confirmed_at THEN\n                RETURN NULL;\n            END IF;\n            INSERT INTO bookings_moneymark (day, everything) SELECT DISTINCT marked.day, false FROM (\n                SELECT money_day(OLD.confirmed_at) AS day WHERE TG_OP <> 'INSERT'\n                UNION ALL\n                SELECT money_day(NEW.confirmed_at) WHERE TG_OP <> 'DELETE'\n            ) AS marked;\n            RETURN NULL;\n            ",
                    hash="728ea25f1269a3d57e435ab3a67acc0f97150c93",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_money_mark_08bc3",
                    table="bookings_confirmation",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="confirmation",
            trigger=pgtrigger.compiler.Trigger(
                name="money_mark_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO bookings_moneymark (day, everything) VALUES (NULL, true); RETURN NULL;",
                    hash="d28b915fc8b92c965f036f4ca2793db7dbe712e0",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_money_mark_truncate_15fae",
                    table="bookings_confirmation",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="course",
            trigger=pgtrigger.compiler.Trigger(
                name="money_mark",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF (OLD.price_usd_cents IS NULL AND NEW.price_usd_cents IS NULL)\n                OR (TG_OP = 'UPDATE' AND (OLD.price_usd_cents) IS NOT DISTINCT FROM (NEW.price_usd_cents)) THEN\n                RETURN NULL;\n            END IF;\n            INSERT INTO bookings_moneymark (day, everything) VALUES (NULL, true); RETURN NULL;\n            ",
                    hash="8d6f31ad39f88ad32126f9b4dfaeb84e86c610ee",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_money_mark_b042e",
                    table="courses",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="freelessonregistration",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        PERFORM person_totals_recount(ARRAY(\n            SELECT DISTINCT user_id FROM (\n                (SELECT user_id, registered_at, lesson_type FROM old_rows EXCEPT ALL SELECT user_id, registered_at, lesson_type FROM new_rows)\n                UNION ALL\n                (SELECT user_id, registered_at, lesson_type FROM new_rows EXCEPT ALL SELECT user_id, registered_at, lesson_type FROM old_rows)\n            ) AS changed\n        ));\n     RETURN NULL;",
                    hash="225caa587009ba99247e5a340bb2eb57eee40787",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_person_totals_update_704f3",
                    referencing="REFERENCING OLD TABLE AS old_rows  NEW TABLE AS new_rows ",
                    table="free_lesson_registrations",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="freelessonregistration",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount(ARRAY(SELECT DISTINCT user_id FROM old_rows)); RETURN NULL;",
                    hash="3779719395f3bb3887283fe4d306028ede9750c5",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_person_totals_delete_5f211",
                    referencing="REFERENCING OLD TABLE AS old_rows ",
                    table="free_lesson_registrations",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="freelessonregistration",
            trigger=pgtrigger.compiler.Trigger(
                name="person_totals_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="PERFORM person_totals_recount_everybody(); RETURN NULL;",
                    hash="ca089c9f768b5e27fa49f112980be0861f6e6607",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_person_totals_truncate_72f54",
                    table="free_lesson_registrations",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="freelessonregistration",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.registered_at < now() - interval '5 minutes')",
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NEW.user_id, school_day(NEW.registered_at)); RETURN NULL;",
                    hash="5dde833272d308bd43c32d9be2a854e8c0b1b8cf",
                    operation="INSERT",
                    pgid="pgtrigger_numbers_insert_42f52",
                    table="free_lesson_registrations",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="freelessonregistration",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.user_id IS DISTINCT FROM NEW.user_id OR OLD.registered_at IS DISTINCT FROM NEW.registered_at OR OLD.lesson_type IS DISTINCT FROM NEW.lesson_type OR OLD.lesson_date IS DISTINCT FROM NEW.lesson_date)",
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (OLD.user_id, school_day(OLD.registered_at)), (NEW.user_id, school_day(NEW.registered_at)); RETURN NULL;",
                    hash="feb0fca8a8d3d0b585c01dc2f53c645d969e193f",
                    operation="UPDATE",
                    pgid="pgtrigger_numbers_update_e520a",
                    table="free_lesson_registrations",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="freelessonregistration",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (OLD.user_id, school_day(OLD.registered_at)); RETURN NULL;",
                    hash="f5c20a02a283982c9f635258f11a196f20b74025",
                    operation="DELETE",
                    pgid="pgtrigger_numbers_delete_b95c7",
                    table="free_lesson_registrations",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="freelessonregistration",
            trigger=pgtrigger.compiler.Trigger(
                name="numbers_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO users_numbermark (user_id, day) VALUES (NULL, NULL); RETURN NULL;",
                    hash="4c421ded6a49d1669bb7634cd09b54da133cddfc",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_numbers_truncate_b9b18",
                    table="free_lesson_registrations",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.RemoveTrigger(model_name="freelessonregistration", name="record_new"),
        pgtrigger.migrations.AddTrigger(
            model_name="freelessonregistration",
            trigger=pgtrigger.compiler.Trigger(
                name="record_new",
                sql=hsl_dashboard.db.LightTriggerSql(
                    declare="DECLARE context jsonb := NULLIF(current_setting('pghistory.context_metadata', true), '');",
                    func="\n            INSERT INTO bookings_bookingchange (registration_id, user_id, is_new, changed_by_id, reason, origin)\n            VALUES (NEW.id, NEW.user_id, true, \n                CASE WHEN context->>'user' ~ '^[0-9]{1,9}$' THEN (context->>'user')::integer END,\n                COALESCE(context->>'reason', ''),\n                CASE WHEN context IS NULL THEN 'raw' ELSE COALESCE(left(context->>'origin', 20), 'service') END);\n            IF NEW.user_id IS NOT NULL THEN\n                INSERT INTO counting_marks (user_id) VALUES (NEW.user_id);\n                INSERT INTO lesson_steps_pending (user_id) VALUES (NEW.user_id);\n            END IF;\n            RETURN NULL;\n            ",
                    hash="33a8404481d5a7019a092f8f9a4f39f23624b705",
                    operation="INSERT",
                    pgid="pgtrigger_record_new_8c035",
                    table="free_lesson_registrations",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="payment",
            trigger=pgtrigger.compiler.Trigger(
                name="money_mark",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            INSERT INTO bookings_moneymark (day, everything) SELECT DISTINCT marked.day, false FROM (\n                SELECT money_day(received.at) AS day FROM (VALUES (OLD.received_at), (NEW.received_at)) AS received (at)\n                WHERE received.at IS NOT NULL\n                UNION ALL\n                SELECT money_day(c.confirmed_at) FROM bookings_confirmation AS c\n                WHERE c.booking_id IN (OLD.booking_id, NEW.booking_id)\n            ) AS marked;\n            RETURN NULL;\n            ",
                    hash="2c6518e26ec77c304a3a91373aeafb06248d2668",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_money_mark_20264",
                    table="bookings_payment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="payment",
            trigger=pgtrigger.compiler.Trigger(
                name="money_mark_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO bookings_moneymark (day, everything) VALUES (NULL, true); RETURN NULL;",
                    hash="7de6e7a52f59aab557cc53ceca1c735d23948584",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_money_mark_truncate_ba335",
                    table="bookings_payment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="stream",
            trigger=pgtrigger.compiler.Trigger(
                name="money_mark",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF (OLD.price IS NULL AND NEW.price IS NULL)\n                OR (TG_OP = 'UPDATE' AND (OLD.price, OLD.currency, OLD.course_id, OLD.code) IS NOT DISTINCT FROM (NEW.price, NEW.currency, NEW.course_id, NEW.code)) THEN\n                RETURN NULL;\n            END IF;\n            INSERT INTO bookings_moneymark (day, everything) VALUES (NULL, true); RETURN NULL;\n            ",
                    hash="6067accea930687ac083ce1a28a20efbe62f3af6",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_money_mark_8b2fb",
                    table="bookings_stream",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="stream",
            trigger=pgtrigger.compiler.Trigger(
                name="money_mark_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO bookings_moneymark (day, everything) VALUES (NULL, true); RETURN NULL;",
                    hash="5405fb445e25d18aeee5feb4fb36549736cfa6b6",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_money_mark_truncate_aa7d8",
                    table="bookings_stream",
                    when="AFTER",
                ),
            ),
        ),
        migrations.RunSQL(
            "\n".join(create_triggers()),
            "\n".join(drop_triggers()),
        ),
    ]
