"""Find bookings by the person, and by the name that was booked with: people rename themselves in Telegram.

The text and its runs of letters are those of users' migration 0013, which tells why they are not pg_trgm's.
"""

from django.db import migrations

# NULL when more than ``at_most`` are found: then they are so common that the list meets them at once.
FIND = """
CREATE OR REPLACE FUNCTION bookings_found(searched text, at_most integer) RETURNS integer[]
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET jit = off AS $$
DECLARE
    people bigint[] := people_found(searched, false, at_most);
    grams text[] := CASE
        WHEN length(searched) < 3 THEN ARRAY[searched]
        ELSE ARRAY(SELECT DISTINCT substr(searched, place, 3) FROM generate_series(1, length(searched) - 2) AS place)
    END;
    found integer[];
BEGIN
    IF people IS NULL THEN
        RETURN NULL;
    END IF;
    found := ARRAY(
        (SELECT b.id FROM bookings AS b WHERE b.user_id = ANY (people) LIMIT at_most + 1)
        UNION
        (SELECT b.id FROM bookings AS b
            WHERE person_grams(person_text(b.user_id, b.username, b.first_name, NULL)) @> grams
                AND position(searched IN person_text(b.user_id, b.username, b.first_name, NULL)) > 0
            LIMIT at_most + 1)
    );
    RETURN CASE WHEN cardinality(found) <= at_most THEN found END;
END $$;
"""

# Outside a transaction every statement must bear being run again: an interrupted build leaves an invalid index.
DROP_INDEX = "DROP INDEX CONCURRENTLY IF EXISTS bookings_grams"
INDEX = """
CREATE INDEX CONCURRENTLY bookings_grams ON bookings
USING gin (person_grams(person_text(user_id, username, first_name, NULL)))
"""


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("bookings", "0008_bulk_changes"), ("users", "0013_people_search")]

    operations = [
        migrations.RunSQL(FIND, "DROP FUNCTION IF EXISTS bookings_found"),
        migrations.RunSQL(DROP_INDEX, migrations.RunSQL.noop),
        migrations.RunSQL(INDEX, DROP_INDEX),
    ]
