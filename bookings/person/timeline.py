"""What bookings tell in a person's timeline: made, edited, deleted, and every change of a status."""

from bookings.history import before_the_record, sql_number
from bookings.services.statuses import STATUS_CHANGED
from users.person.extensions import Source
from users.person.timeline import actor_in

PERMISSION = "bookings.view_booking"

VALUES = """jsonb_build_object(
        'course', (SELECT c.name FROM courses AS c WHERE c.id = {0}.course_id),
        'stream', COALESCE(
            (SELECT s.name FROM bookings_stream AS s WHERE s.course_id = {0}.course_id AND s.code = {0}.course_stream),
            {0}.course_stream
        ),
        'discount', COALESCE({0}.discount_percent, 0), 'code', {0}.referral_code
    )"""

MADE = f"""
    SELECT b.created_at AS at, b.id::bigint AS number, made.changed_by_id::integer AS actor, jsonb_build_object(
        'what', 'made', 'booking', b.id, 'new', {VALUES.format("b")} || jsonb_build_object('status', made.status),
        'known', made.id IS NOT NULL, 'reason', made.reason
    ) AS data
    FROM bookings AS b
    LEFT JOIN LATERAL (
        SELECT c.id, c.status, c.changed_by_id, c.reason FROM bookings_bookingchange AS c
        WHERE c.booking_id = b.id AND c.is_new ORDER BY c.id LIMIT 1
    ) AS made ON true
    WHERE b.user_id = %(person)s
"""  # noqa: S608 - expressions of ours

# The audit keeps new values only; the row before has the old ones. Where there is none, the audit began later than the
# booking.
EDITED = f"""
    SELECT e.pgh_created_at AS at, e.pgh_id::bigint AS number, {actor_in("c")} AS actor, jsonb_build_object(
        'what', e.pgh_label, 'booking', e.pgh_obj_id,
        'own', EXISTS (SELECT FROM bookings AS b WHERE b.id = e.pgh_obj_id),
        'old', CASE WHEN old.pgh_id IS NOT NULL THEN {VALUES.format("old")} END,
        'new', {VALUES.format("e")}, 'reason', c.metadata->>'reason'
    ) AS data
    FROM bookings_bookingevent AS e
    LEFT JOIN LATERAL (
        SELECT o.* FROM bookings_bookingevent AS o
        WHERE o.pgh_obj_id = e.pgh_obj_id AND o.pgh_id < e.pgh_id ORDER BY o.pgh_id DESC LIMIT 1
    ) AS old ON true
    LEFT JOIN pghistory_context AS c ON c.id = e.pgh_context_id
    WHERE e.user_id = %(person)s
        AND (e.pgh_label <> 'insert' OR NOT EXISTS (SELECT FROM bookings AS b WHERE b.id = e.pgh_obj_id))
"""  # noqa: S608 - expressions of ours

MOVED = """
    SELECT c.changed_at AS at, c.id AS number, c.changed_by_id::integer AS actor, jsonb_build_object(
        'booking', c.booking_id, 'own', EXISTS (SELECT FROM bookings AS b WHERE b.id = c.booking_id),
        'old', jsonb_build_object('status', c.was), 'new', jsonb_build_object('status', c.status), 'reason', c.reason
    ) AS data
    FROM bookings_bookingchange AS c
    WHERE c.user_id = %(person)s AND c.booking_id IS NOT NULL AND NOT c.is_new
"""

# What the record does not have: changes from before it began, and presses of the bot's own administrators.
EVENTS = f"""
    SELECT v.created_at AS at, v.id::bigint AS number, NULL::integer AS actor, jsonb_build_object(
        'booking', left(v.details->>'booking_id', 20),
        'own', EXISTS (
            SELECT FROM bookings AS b WHERE b.user_id = v.user_id AND b.id::text = v.details->>'booking_id'
        ),
        'old', jsonb_build_object('status', {sql_number("v.details->>'old_status'")}),
        'new', jsonb_build_object('status', {sql_number("v.details->>'new_status'")})
    ) AS data
    FROM events AS v
    WHERE v.user_id = %(person)s AND v.event_type = '{STATUS_CHANGED}' AND {before_the_record("v", of_its_person=True)}
"""  # noqa: S608 - expressions of ours

TEMPLATE = "bookings/_entry_booking.html"
SOURCES = (
    Source("booking", 20, TEMPLATE, MADE, permission=PERMISSION),
    Source("booking", 21, TEMPLATE, EDITED, permission=PERMISSION),
    Source("status", 22, TEMPLATE, MOVED, permission=PERMISSION),
    Source("status", 23, TEMPLATE, EVENTS, permission=PERMISSION, claims=(STATUS_CHANGED,)),
)
