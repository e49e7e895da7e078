"""What the migrations wrote, kept beside the tables, so that every test that commits begins with it."""

from django.db import connection, transaction

# A schema of its own: golden files and lists of tables speak of "public".
KEEP = """
DO $$
DECLARE found regclass; filled boolean;
BEGIN
    CREATE SCHEMA kept;
    FOR found IN
        SELECT oid FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'django_migrations'
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', found) INTO filled;
        IF filled THEN
            EXECUTE format('CREATE TABLE kept.%I AS TABLE %s', (SELECT relname FROM pg_class WHERE oid = found), found);
        END IF;
    END LOOP;
END $$
"""

# TRUNCATE takes a lock on every table and makes three files anew for each: 0.4 s, and a deadlock with whoever still
# reads. Few rows are deleted sooner, and only large tables are worth it.
RESET = """
DO $$
DECLARE found record; columns text;
BEGIN
    FOR found IN
        SELECT oid::regclass AS name, pg_relation_size(oid) AS bytes FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'django_migrations'
    LOOP
        IF found.bytes > 1000000 THEN
            EXECUTE format('TRUNCATE %s CASCADE', found.name);
        ELSIF found.bytes > 0 THEN
            EXECUTE format('DELETE FROM %s', found.name);
        END IF;
    END LOOP;
    FOR found IN SELECT relname AS name FROM pg_class WHERE relnamespace = to_regnamespace('kept') AND relkind = 'r'
    LOOP
        SELECT string_agg(quote_ident(attname), ', ') INTO columns FROM pg_attribute
        WHERE attrelid = format('public.%I', found.name)::regclass
            AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
        EXECUTE format(
            'INSERT INTO public.%I (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM kept.%I',
            found.name, columns, columns, found.name
        );
    END LOOP;
END $$
"""


def keep_rows() -> None:
    """Copy what stands in the migrated tables; once a database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regnamespace('kept') IS NULL")
        if cursor.fetchone() == (True,):
            cursor.execute(KEEP)


def reset_rows() -> None:
    """Put the tables back to what the migrations left, without triggers and keys."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(RESET)
