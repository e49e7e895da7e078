"""What bookings tell in a person's timeline: made, edited, deleted, and every change of a status."""

from bookings.services.statuses import STATUS_CHANGED
from users.person.timeline import Source, actor_in, register_source

PERMISSION = "bookings.view_booking"

# A number out of the details of an event, where the bot may have written anything.
NUMBER = "(CASE WHEN {0} ~ '^-?[0-9]{{1,9}}$' THEN ({0})::integer END)"

VALUES = """jsonb_build_object(
        'course', (SELECT c.name FROM courses AS c WHERE c.id = {0}.course_id),
        'stream', COALESCE(
            (SELECT s.name FROM bookings_stream AS s WHERE s.course_id = {0}.course_id AND s.code = {0}.course_stream),
            {0}.course_stream
        ),
        'status', {0}.confirmed, 'discount', COALESCE({0}.discount_percent, 0), 'code', {0}.referral_code
    )"""

MADE = f"""
    SELECT b.created_at AS at, b.id::bigint AS number, {actor_in("c")} AS actor, jsonb_build_object(
        'what', 'made', 'booking', b.id, 'new', {VALUES.format("b")} || jsonb_build_object('status', made.confirmed),
        'known', made.pgh_id IS NOT NULL, 'reason', c.metadata->>'reason'
    ) AS data
    FROM bookings AS b
    LEFT JOIN LATERAL (
        SELECT e.pgh_id, e.confirmed, e.pgh_context_id FROM bookings_bookingevent AS e
        WHERE e.pgh_obj_id = b.id AND e.pgh_label = 'insert' ORDER BY e.pgh_id LIMIT 1
    ) AS made ON true
    LEFT JOIN pghistory_context AS c ON c.id = made.pgh_context_id
    WHERE b.user_id = %(person)s
"""  # noqa: S608 - expressions of ours

# The audit keeps new values only; the row before has the old ones. Where there is none, because the audit began later
# than the booking, the bot's event of the same minute says what the status was.
AUDIT = f"""
    SELECT e.pgh_created_at AS at, e.pgh_id::bigint AS number, {actor_in("c")} AS actor, jsonb_build_object(
        'what', e.pgh_label, 'booking', e.pgh_obj_id,
        'own', EXISTS (SELECT FROM bookings AS b WHERE b.id = e.pgh_obj_id),
        'old', CASE
            WHEN old.pgh_id IS NOT NULL THEN {VALUES.format("old")}
            WHEN told.id IS NOT NULL THEN jsonb_build_object('status', told.old_status)
        END,
        'new', {VALUES.format("e")}, 'reason', c.metadata->>'reason'
    ) AS data
    FROM bookings_bookingevent AS e
    LEFT JOIN LATERAL (
        SELECT o.* FROM bookings_bookingevent AS o
        WHERE o.pgh_obj_id = e.pgh_obj_id AND o.pgh_id < e.pgh_id ORDER BY o.pgh_id DESC LIMIT 1
    ) AS old ON true
    LEFT JOIN LATERAL (
        SELECT v.id, {NUMBER.format("v.details->>'old_status'")} AS old_status FROM events AS v
        WHERE old.pgh_id IS NULL AND v.user_id = e.user_id AND v.event_type = '{STATUS_CHANGED}'
            AND v.details->>'booking_id' = e.pgh_obj_id::text AND v.details->>'new_status' = e.confirmed::text
            AND v.created_at BETWEEN e.pgh_created_at - interval '1 minute' AND e.pgh_created_at + interval '1 minute'
        LIMIT 1
    ) AS told ON true
    LEFT JOIN pghistory_context AS c ON c.id = e.pgh_context_id
    WHERE e.user_id = %(person)s
        AND (e.pgh_label <> 'insert' OR NOT EXISTS (SELECT FROM bookings AS b WHERE b.id = e.pgh_obj_id))
        AND {{wanted}}
"""  # noqa: S608 - expressions of ours
STATUS_MOVED = """(e.pgh_label = 'update' AND (
            told.id IS NOT NULL OR old.pgh_id IS NOT NULL AND old.confirmed IS DISTINCT FROM e.confirmed
        ))"""

# What the audit does not have: changes from before it began, and presses of the bot's own administrators.
EVENTS = f"""
    SELECT v.created_at AS at, v.id::bigint AS number, NULL::integer AS actor, jsonb_build_object(
        'what', 'event', 'booking', left(v.details->>'booking_id', 20),
        'own', EXISTS (
            SELECT FROM bookings AS b WHERE b.user_id = v.user_id AND b.id::text = v.details->>'booking_id'
        ),
        'old', jsonb_build_object('status', {NUMBER.format("v.details->>'old_status'")}),
        'new', jsonb_build_object('status', {NUMBER.format("v.details->>'new_status'")})
    ) AS data
    FROM events AS v
    WHERE v.user_id = %(person)s AND v.event_type = '{STATUS_CHANGED}' AND NOT EXISTS (
        SELECT FROM bookings_bookingevent AS e
        WHERE e.user_id = v.user_id AND e.pgh_label = 'update' AND e.pgh_obj_id::text = v.details->>'booking_id'
            AND e.confirmed::text = v.details->>'new_status'
            AND v.created_at BETWEEN e.pgh_created_at - interval '1 minute' AND e.pgh_created_at + interval '1 minute'
    )
"""  # noqa: S608 - expressions of ours


def register_sources() -> None:
    """Put bookings into everybody's timeline; called when the app is ready."""
    template = "bookings/_entry_booking.html"
    register_source(Source("booking", 20, template, MADE, permission=PERMISSION))
    edited = AUDIT.replace("{wanted}", f"NOT {STATUS_MOVED}")
    register_source(Source("booking", 21, template, edited, permission=PERMISSION))
    moved = AUDIT.replace("{wanted}", STATUS_MOVED)
    register_source(Source("status", 22, template, moved, permission=PERMISSION))
    register_source(Source("status", 23, template, EVENTS, permission=PERMISSION, claims=(STATUS_CHANGED,)))
