"""Bookings are found by e-mail too; new bookings and registrations only leave a mark, and beat counts their people."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

# A copy of what bookings/sql says today; later changes are migrations of their own.
BOOKINGS_FOUND = """
DROP FUNCTION bookings_found(text, integer);
-- Finds the bookings of people whose searched text (or, if asked, whose e-mail) contains a text, and those made under a
-- name that contains it, since people rename themselves in Telegram. NULL if more than at_most match: then a walk through the list meets them soon.
CREATE OR REPLACE FUNCTION bookings_found(searched text, with_emails boolean, at_most integer) RETURNS integer[]
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET jit = off AS $$
DECLARE
    people bigint[] := people_found(searched, with_emails, at_most);
    grams text[] := searched_grams(searched);
    patterns text[] := searched_patterns(searched);
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
                AND person_text(b.user_id, b.username, b.first_name, NULL) LIKE ALL (patterns)
            LIMIT at_most + 1)
    );
    RETURN CASE WHEN cardinality(found) <= at_most THEN found END;
END $$;
"""
BOOKINGS_FOUND_BEFORE = """
DROP FUNCTION bookings_found(text, boolean, integer);
CREATE OR REPLACE FUNCTION bookings_found(searched text, at_most integer) RETURNS integer[]
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET jit = off AS $$
DECLARE
    people bigint[] := people_found(searched, false, at_most);
    grams text[] := searched_grams(searched);
    patterns text[] := searched_patterns(searched);
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
                AND person_text(b.user_id, b.username, b.first_name, NULL) LIKE ALL (patterns)
            LIMIT at_most + 1)
    );
    RETURN CASE WHEN cardinality(found) <= at_most THEN found END;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('users', '0010_counting_marks'),
        ('bookings', '0014_incoming_payments'),
    ]

    operations = [
        migrations.RunSQL(BOOKINGS_FOUND, BOOKINGS_FOUND_BEFORE),
        pgtrigger.migrations.RemoveTrigger(
            model_name='booking',
            name='person_totals_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='freelessonregistration',
            name='person_totals_insert',
        ),
        migrations.AlterField(
            model_name='persontostep',
            name='user_id',
            field=models.BigIntegerField(),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='booking',
            trigger=pgtrigger.compiler.Trigger(name='person_totals_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO counting_marks (user_id) SELECT DISTINCT user_id FROM new_rows WHERE user_id IS NOT NULL; RETURN NULL;', hash='e79b307ae93f186a58526951eed9434b81d69d94', level='STATEMENT', operation='INSERT', pgid='pgtrigger_person_totals_insert_fa7f0', referencing='REFERENCING NEW TABLE AS new_rows ', table='bookings', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='freelessonregistration',
            trigger=pgtrigger.compiler.Trigger(name='person_totals_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO counting_marks (user_id) SELECT DISTINCT user_id FROM new_rows WHERE user_id IS NOT NULL; RETURN NULL;', hash='23ee5609a336c3b6caa8daa7ab2bbbe275598808', level='STATEMENT', operation='INSERT', pgid='pgtrigger_person_totals_insert_8db44', referencing='REFERENCING NEW TABLE AS new_rows ', table='free_lesson_registrations', when='AFTER')),
        ),
    ]
