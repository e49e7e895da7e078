"""Find people by any part of their name, @username or id: an index over runs of one, two and three letters.

``pg_trgm`` needs three letters and knows only letters and digits: two letters, an emoji or a dot make it read its whole
index. These runs ("grams") are taken from the text as it is, so every search is one look into one GIN index.
"""

from django.db import migrations

# Lower case, ё as е, and each part cut, so that a hostile name stays a small entry.
TEXT = """
CREATE OR REPLACE FUNCTION person_text(user_id bigint, username text, first_name text, last_name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT translate(lower(
        left(COALESCE(first_name, ''), 100) || ' ' || left(COALESCE(last_name, ''), 100)
        || ' @' || left(COALESCE(username, ''), 100) || ' ' || user_id::text
    ), E'ёЁ\\n\\t', 'ее  ')
$$;
"""

GRAMS = """
CREATE OR REPLACE FUNCTION person_grams(searched text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_agg(DISTINCT substr(searched, place, size) COLLATE "C")
    FROM generate_series(1, length(searched)) AS place, generate_series(1, 3) AS size
    WHERE place + size - 1 <= length(searched)
$$;
"""

# Answers NULL when more than ``at_most`` are found, and then does not look long: the frequencies that ANALYZE keeps of
# the index tell common runs, and three thousandths of the table tell whether they stand together. What is not common is read
# from the index alone; the planner, left to itself, would now and then read the whole table.
FIND = """
CREATE OR REPLACE FUNCTION people_found(searched text, with_emails boolean, at_most integer) RETURNS bigint[]
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET jit = off AS $$
DECLARE
    grams text[] := CASE
        WHEN length(searched) < 3 THEN ARRAY[searched]
        ELSE ARRAY(SELECT DISTINCT substr(searched, place, 3) FROM generate_series(1, length(searched) - 2) AS place)
    END;
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
            WHERE position(searched IN person_text(u.user_id, u.username, u.first_name, u.last_name)) > 0
        )
    ) THEN
        RETURN NULL;
    END IF;
    found := ARRAY(
        SELECT u.user_id FROM users AS u
        WHERE person_grams(person_text(u.user_id, u.username, u.first_name, u.last_name)) @> grams
            AND (cardinality(grams) = 1
                OR position(searched IN person_text(u.user_id, u.username, u.first_name, u.last_name)) > 0)
        LIMIT at_most + 1
    );
    IF with_emails AND cardinality(found) <= at_most THEN
        found := ARRAY(SELECT unnest(found) UNION (
            SELECT r.user_id FROM free_lesson_registrations AS r
            WHERE person_grams(left(lower(r.email), 254)) @> grams
                AND position(searched IN left(lower(r.email), 254)) > 0
            LIMIT at_most + 1
        ));
    END IF;
    RETURN CASE WHEN cardinality(found) <= at_most THEN found END;
END $$;
"""

INDEX_PEOPLE = """
CREATE INDEX CONCURRENTLY users_grams ON users
USING gin (person_grams(person_text(user_id, username, first_name, last_name)))
"""

INDEX_EMAILS = """
CREATE INDEX CONCURRENTLY free_lessons_email_grams ON free_lesson_registrations
USING gin (person_grams(left(lower(email), 254)))
"""

# What an interrupted CREATE INDEX CONCURRENTLY leaves behind is no index: this migration can be run again.
DROP_PEOPLE = "DROP INDEX CONCURRENTLY IF EXISTS users_grams"
DROP_EMAILS = "DROP INDEX CONCURRENTLY IF EXISTS free_lessons_email_grams"
DROP_FUNCTIONS = "DROP FUNCTION people_found, person_grams, person_text"


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("users", "0012_booking_history_index"), ("bookings", "0001_bot_tables")]

    operations = [
        migrations.RunSQL([TEXT, GRAMS, FIND], DROP_FUNCTIONS),
        migrations.RunSQL([DROP_PEOPLE, INDEX_PEOPLE], DROP_PEOPLE),
        migrations.RunSQL([DROP_EMAILS, INDEX_EMAILS], DROP_EMAILS),
    ]
