"""Who may open what: every address, method and role; tests/test_access.py fails for a page that has no line here."""

from collections.abc import Iterable
from dataclasses import dataclass

from users.staff.roles import ADMINISTRATOR, COURSES, MARKETING, ROLES, VIEWER

ALL = frozenset(ROLES)
NONE: frozenset[str] = frozenset()


def only(*roles: str) -> frozenset[str]:
    """These roles, and administrators, who may everything."""
    return frozenset({ADMINISTRATOR, *roles})


@dataclass(frozen=True)
class Access:
    """Who may read an address (GET and HEAD) and who may send to it (POST); nobody: the method does not exist."""

    get: frozenset[str] = NONE
    post: frozenset[str] = NONE
    anonymous: bool = False  # open without signing in
    patch: frozenset[str] = NONE
    delete: frozenset[str] = NONE


SEEN_BY_ALL = Access(get=ALL)
BOOKINGS, MESSAGES, PEOPLE = only(COURSES), only(MARKETING), only(MARKETING, COURSES)

ACCESS: dict[str, Access] = {
    # Around every page
    "health_live": Access(get=ALL, anonymous=True),
    "browser_report": Access(post=ALL, anonymous=True),
    "health_ready": Access(get=ALL, anonymous=True),
    "system_metrics": Access(anonymous=True),  # a token or a network opens it, no role
    "set_language": Access(get=ALL, post=ALL, anonymous=True),
    "icon_sprite": Access(get=ALL, anonymous=True),
    "jump": SEEN_BY_ALL,
    "shortcuts_set": Access(get=ALL, post=ALL),
    "theme_set": Access(post=ALL, anonymous=True),
    # Numbers
    "analytics:today": SEEN_BY_ALL,
    "analytics:today_viewed": Access(post=ALL),
    "analytics:analytics_overview": SEEN_BY_ALL,
    "analytics:chart_file": SEEN_BY_ALL,
    "analytics:table_export": SEEN_BY_ALL,
    "analytics:people_behind": SEEN_BY_ALL,
    "analytics:definition_list": SEEN_BY_ALL,
    # Courses and bookings
    "bookings:workshop_list": SEEN_BY_ALL,
    "bookings:stream_detail": SEEN_BY_ALL,
    "bookings:course_new": Access(get=BOOKINGS, post=BOOKINGS),
    "bookings:course_edit": Access(get=BOOKINGS, post=BOOKINGS),
    "bookings:stream_new": Access(get=BOOKINGS, post=BOOKINGS),
    "bookings:stream_edit": Access(get=BOOKINGS, post=BOOKINGS),
    "bookings:stream_days": SEEN_BY_ALL,
    "bookings:stream_viewed": SEEN_BY_ALL,
    "bookings:stream_export": Access(post=PEOPLE),
    "bookings:booking_list": SEEN_BY_ALL,
    "bookings:booking_news": SEEN_BY_ALL,
    "bookings:booking_export": Access(post=PEOPLE),
    "bookings:booking_detail": SEEN_BY_ALL,
    "bookings:booking_status": Access(get=BOOKINGS, post=BOOKINGS),
    "bookings:booking_notify": Access(get=BOOKINGS, post=BOOKINGS),
    "bookings:bulk_prepare": Access(get=PEOPLE, post=PEOPLE),  # marketing: tags
    "bookings:bulk_change": Access(get=BOOKINGS, post=BOOKINGS),
    "bookings:data_quality": SEEN_BY_ALL,
    "bookings:booking_keep": Access(get=BOOKINGS, post=BOOKINGS),
    "bookings:coupon_limit": Access(get=MESSAGES, post=MESSAGES),
    "messaging:takeover": SEEN_BY_ALL,
    "bookings:money_overview": Access(get=BOOKINGS),
    "bookings:payment_export": Access(post=BOOKINGS),
    "bookings:expected_export": Access(post=BOOKINGS),
    "bookings:payment_list": Access(get=BOOKINGS),
    "bookings:expected_list": Access(get=BOOKINGS),
    "bookings:incoming_list": Access(get=BOOKINGS),
    "bookings:incoming_match": Access(get=BOOKINGS, post=BOOKINGS),
    "bookings:incoming_dismiss": Access(post=BOOKINGS),
    "bookings:payment_new": Access(get=BOOKINGS, post=BOOKINGS),
    "bookings:payment_queue": Access(get=BOOKINGS),
    "bookings:payment_rules": Access(get=PEOPLE, post=PEOPLE),
    "bookings:payment_confirm": Access(post=BOOKINGS),
    "bookings:payment_decline": Access(post=BOOKINGS),
    "bookings:payment_ask": Access(post=BOOKINGS),
    "bookings:payment_put_off": Access(post=BOOKINGS),
    "bookings:payment_bring_back": Access(post=BOOKINGS),
    "bookings:payment_take": Access(post=BOOKINGS),
    "bookings:coupon_list": SEEN_BY_ALL,
    "bookings:coupon_new": Access(get=MESSAGES, post=MESSAGES),
    "bookings:coupon_edit": Access(get=MESSAGES, post=MESSAGES),
    "bookings:coupon_switch": Access(post=MESSAGES),
    "bookings:lesson_list": SEEN_BY_ALL,
    "bookings:lesson_dates_list": SEEN_BY_ALL,
    "bookings:lesson_export": Access(post=PEOPLE),
    "bookings:booking_new": Access(get=BOOKINGS, post=BOOKINGS),
    "bookings:person_booking": SEEN_BY_ALL,
    "bookings:booking_edit": Access(get=BOOKINGS, post=BOOKINGS),
    "bookings:person_stream": Access(get=BOOKINGS, post=BOOKINGS),
    "bookings:person_emails": Access(post=PEOPLE),
    # People
    "users:person_list": SEEN_BY_ALL,
    "users:person_detail": SEEN_BY_ALL,
    "users:lead_rules": Access(get=ALL, post=only()),
    "users:person_export": Access(post=PEOPLE),
    "users:audit_list": Access(get=only()),
    "users:audit_export": Access(post=only()),
    "users:act_undo": Access(post=ALL),  # each only their own acts, while they may do such things
    "users:note_add": Access(post=PEOPLE),
    "users:note_delete": Access(get=ALL, post=ALL),  # only one's own, or with users.delete_note
    "users:tag_add": Access(post=PEOPLE),
    "users:tag_remove": Access(post=PEOPLE),
    "users:person_block": Access(get=PEOPLE, post=PEOPLE),
    "personal_data:personal_data_erase": Access(get=only(), post=only()),
    "personal_data:personal_data_export": Access(get=only(), post=only()),
    # Messages
    "messaging:broadcast_list": SEEN_BY_ALL,
    "messaging:broadcast_detail": SEEN_BY_ALL,
    "messaging:broadcast_progress": SEEN_BY_ALL,
    "messaging:broadcast_outcome": SEEN_BY_ALL,
    "messaging:recipient_export": Access(post=PEOPLE),
    "messaging:compose_link": Access(get=ALL, post=ALL),  # each only their own
    "messaging:notice_settings": Access(get=ALL, post=ALL),  # each only their own
    "messaging:blocked_list": SEEN_BY_ALL,
    "messaging:blocked_export": Access(post=PEOPLE),
    "messaging:person_unblock": Access(get=PEOPLE, post=PEOPLE),
    **{
        f"messaging:{name}": Access(get=MESSAGES, post=MESSAGES)
        for name in (
            "broadcast_start", "broadcast_cancel", "broadcast_schedule", "broadcast_edit", "broadcast_delete",
            "broadcast_retry", "compose_message", "compose_confirm",
        )
    },
    **{
        f"messaging:{name}": Access(post=MESSAGES)
        for name in (
            "broadcast_pause", "broadcast_resume", "broadcast_decide", "broadcast_clone", "broadcast_missed",
            "broadcast_take_back", "draft_preview", "draft_check", "draft_overwrite", "draft_test", "draft_upload",
            "draft_file_remove", "draft_button_add", "draft_person_add", "draft_person_leave", "draft_discard",
            "template_use", "template_save", "template_archive", "template_rename", "template_write", "compose_to",
            "segment_use", "segment_save", "segment_delete",
        )
    },
    # Answers to students: marketing and course managers; viewers see counts
    "messaging:conversation_list": SEEN_BY_ALL,
    "messaging:conversation_news": Access(get=PEOPLE),
    "messaging:conversation_detail": Access(get=PEOPLE),
    "messaging:conversation_live": Access(get=PEOPLE),
    **{
        f"messaging:{name}": Access(post=PEOPLE)
        for name in (
            "conversation_answer", "answer_preview", "conversation_assign", "conversation_close", "conversation_reopen",
            "conversation_snooze", "conversation_unread",
        )
    },
    "messaging:template_list": Access(get=MESSAGES),
    "messaging:draft_list": Access(get=MESSAGES),
    "messaging:draft_file": Access(get=MESSAGES),
    "messaging:draft_total": Access(get=MESSAGES),
    "messaging:compose_counts": Access(get=MESSAGES),
    "messaging:own_test": Access(get=MESSAGES),
    "messaging:broadcast_file": Access(get=MESSAGES),  # of a letter
    "messaging:broadcast_expected": SEEN_BY_ALL,
    "messaging:automation_preview": Access(post=MESSAGES),
    "messaging:automation_list": SEEN_BY_ALL,
    "messaging:automation_edit": Access(get=MESSAGES, post=MESSAGES),
    "messaging:automation_switch": Access(post=MESSAGES),
    # Accounts of staff
    "staff:staff_list": Access(get=only()),
    "staff:staff_detail": Access(get=only()),
    "staff:staff_new": Access(get=only(), post=only()),
    "staff:staff_edit": Access(post=only()),
    "staff:staff_groups": Access(post=only()),
    "staff:staff_reset": Access(post=only()),
    "staff:staff_switch": Access(post=only()),
    "staff:staff_sign_out": Access(post=only()),
    "system_detail": Access(get=only()),
    "staff_link": Access(get=ALL, post=ALL, anonymous=True),  # the key in the address is what opens it
    # One's own tokens of the API
    "token_list": Access(get=ALL, post=ALL),
    "token_rotate": Access(post=ALL),
    "token_revoke": Access(post=ALL),
    # Saved views: one's own, and what others share
    "saved_view_list": SEEN_BY_ALL,
    "saved_view_counts": SEEN_BY_ALL,
    "saved_view_new": Access(get=ALL, post=ALL),
    "saved_view_edit": Access(get=ALL, post=ALL),
    "saved_view_remove": Access(post=ALL),
    "feed_rotate": Access(post=ALL),
    "feed_stop": Access(post=ALL),
    "feed_csv": Access(get=ALL, anonymous=True),  # the address itself is the secret
    # The API, which a session opens too
    "api_unknown_address": Access(get=ALL, post=ALL, anonymous=True),  # 404, whatever the method
    "api_docs": SEEN_BY_ALL,
    "openapi_json": Access(get=ALL, anonymous=True),
    **{
        f"api:{name}": SEEN_BY_ALL
        for name in (
            "api_health", "stats", "courses", "course_streams", "events", "user_growth", "user_activity",
            "free_lessons_conversion", "bookings", "free_lessons", "stream_students", "users_by_stream",
            "users_non_course", "users_hackathon", "users_list", "users_search", "user_detail", "messages_history",
            "message_detail", "message_recipients",
        )
    },
    **{f"api:{name}": Access(get=only()) for name in ("test_db", "db_schema", "debug_events")},
    "api:payments": Access(get=BOOKINGS),
    "api:payment_detail": Access(get=BOOKINGS),
    "api:payments_webhook": Access(post=ALL, anonymous=True),  # a signature opens it
    "api:user_bookings": Access(get=ALL, patch=BOOKINGS),
    "api:user_bookings_change": Access(get=ALL, patch=BOOKINGS),
    "api:user_stream_change": Access(patch=BOOKINGS),
    "api:messages_send": Access(post=MESSAGES),
    "api:messages_delete": Access(delete=MESSAGES),
    **{f"api:message_{act}": Access(post=MESSAGES) for act in ("pause", "resume", "cancel")},
    "messaging:telegram_webhook": Access(post=ALL, anonymous=True),  # a secret in the header opens it
}  # fmt: skip

# Pages of libraries: allauth's own account pages need a sign-in but these; the Django admin needs «Staff status».
OPEN_OF_ALLAUTH = frozenset(
    {
        "account_login", "account_logout", "account_inactive", "account_signup", "account_email_verification_sent",
        "account_confirm_email", "account_confirm_login_code", "account_reset_password", "account_reset_password_done",
        "account_reset_password_from_key", "account_reset_password_from_key_done", "mfa_authenticate",
        "mfa_login_webauthn",
    }
)  # fmt: skip
OF_ALLAUTH = ("account_", "mfa_", "usersessions_")
OF_THE_ADMIN = "admin:"

LETTERS = {ADMINISTRATOR: "A", MARKETING: "M", COURSES: "C", VIEWER: "V"}
BEGINNING_OF_THE_PAGE = """# Every address, method and role

Made from `tests/access.py`, which `tests/test_access.py` holds against the running pages: it sends every method to
every address as each role, and as nobody. `REWRITE_PINS=1 .venv/bin/python -m pytest tests/test_access.py` writes it
anew.

A administrator, M marketing manager, C course manager, V viewer; "all" is these four. "Open" needs no sign-in: a key
in the address, a signature or a secret header opens what must not be public. An empty cell is 405, and HEAD is as GET.
What belongs to one member of staff is theirs alone whatever the role (`tests/test_ownership.py`). Pages of allauth ask
for a sign-in, but those of signing in; the Django admin asks for "staff status" and the permission of each table.

| address | GET | POST | PATCH | DELETE |
|---|---|---|---|---|
"""


def page_of(addresses: Iterable[tuple[str, str]]) -> str:
    """The table as docs/access.md has it: ``addresses`` are names with their patterns."""
    rows = [f"| `{pattern}` | {' | '.join(_cells(ACCESS[name]))} |" for name, pattern in addresses]
    return BEGINNING_OF_THE_PAGE + "\n".join(rows) + "\n"


def _cells(access: Access) -> list[str]:
    return [_cell(roles, access) for roles in (access.get, access.post, access.patch, access.delete)]


def _cell(roles: frozenset[str], access: Access) -> str:
    if not roles:
        return ""
    if access.anonymous:
        return "open"
    return "all" if roles == ALL else " ".join(LETTERS[role] for role in ROLES if role in roles)
