"""What each GET route of the previous dashboard answers, as recorded over HTTP, and our budgets."""

import re
from typing import Any

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
TYPES: dict[str, Any] = {
    "int": lambda value: type(value) is int,
    "float": lambda value: type(value) in {int, float},
    "str": lambda value: isinstance(value, str),
    "id": lambda value: isinstance(value, str) and re.fullmatch(r"-?\d+", value),
    "count": lambda value: isinstance(value, str) and value.isdecimal(),
    "bool": lambda value: isinstance(value, bool),
    "moment": lambda value: isinstance(value, str) and MOMENT.fullmatch(value),
    "day": lambda value: isinstance(value, str) and DAY.fullmatch(value),
    "any": lambda value: True,
    "lead": lambda value: value in {"hot", "warm", "cool", "cold"},
    "source": lambda value: value in {"booking", "viewed"},
    "ints": lambda value: isinstance(value, dict) and all(type(each) is int for each in value.values()),
}

PERSON = {"user_id": "id", "username": "str?", "first_name": "str?"}
BOOKING = {
    "id": "int", **PERSON, "course_id": "int?", "course_stream": "str?", "confirmed": "int?", "created_at": "moment?",
    "referral_code": "str?", "discount_percent": "int?",
}  # fmt: skip
COURSE = {
    "courseId": "int", "courseName": "str", "total": "int", "confirmed": "int", "pending": "int", "cancelled": "int",
    "new": "int",
}  # fmt: skip
PERSON_ROW = {
    **PERSON, "last_activity": "moment", "total_bookings": "int", "total_events": "int", "total_free_lessons": "int",
    "latest_stream": "str?", "latest_payment_status": "int?",
}  # fmt: skip
EVENT = {"id": "int", "event_type": "str", "created_at": "moment?", "details": "any"}
LESSON = {
    "id": "int", "user_id": "id", "email": "str?", "registered_at": "moment?", "notification_sent": "bool",
    "lesson_type": "str?", "lesson_date": "day?",
}  # fmt: skip

# A list of one dictionary: every row is like it.
SHAPES: dict[str, Any] = {
    "/api/stats": {"totalUsers": "int", "activeBookings": "int", "confirmedPayments": "int",
                   "freeLessonRegistrations": "int"},
    "/api/courses": [COURSE],
    "/api/course-streams": [{**COURSE, "courseStream": "str", "courseStreamRaw": "str"}],
    "/api/events": [{"eventType": "str", "count": "int"}],
    "/api/events?type=anything": [{"eventType": "str", "count": "int"}],
    "/api/events?type=daily": [{"date": "day", "newUsers": "int", "bookings": "int", "events": "int"}],
    "/api/events?type=recent": [{**EVENT, **PERSON}],
    "/api/bookings": [BOOKING],
    "/api/free-lessons": [{
        "id": "int", "user_id": "id", "username": "str", "first_name": "str", "email": "str",
        "registered_at": "moment?", "notification_sent": "bool", "lesson_type": "str", "lesson_date": "str",
    }],
    "/api/user-growth": [{"date": "day", "totalUsers": "int", "newUsers": "int"}],
    "/api/user-activity": [{
        **PERSON, "email": "str", "total_events": "count", "active_days": "count", "last_activity": "moment?",
        "lead_score": "lead",
    }],
    "/api/stream-students?stream=8th_stream": {"stream": "str", "total": "int", "students": [{
        **PERSON, "confirmed": "int?", "created_at": "moment?", "last_activity": "moment?", "events_count": "int",
        "source": "source",
    }]},
    "/api/users/list": {"success": "bool", "users": [PERSON_ROW], "total": "int", "page": "int", "limit": "int",
                        "totalPages": "int"},
    "/api/users/search?q=а": [PERSON],
    "/api/users/search?stats=true": {
        "totalUsers": "int", "indexSize": "int", "streamCacheSize": "int", "streamStats": "ints",
        "nonCourseUsers": "int", "hackathonUsers": "int", "initialized": "bool", "lastUpdate": "moment?",
    },
    "/api/users/by-stream?stream=8th_stream": [{**PERSON, "course_stream": "str"}],
    "/api/users/non-course": [PERSON],
    "/api/users/hackathon": [PERSON],
    "/api/messages/history": [{
        "id": "int", "message_text": "str", "sent_at": "moment?", "total_recipients": "int",
        "successful_deliveries": "int", "recipient_type": "str", "recipient_group": "str?",
    }],
    "/api/free-lessons-conversion": [{
        "lesson_type": "str", "registrations": "int", "attendances": "int", "conversion_rate": "float",
    }],
    "/api/debug-events": [{**EVENT, "user_id": "id"}],
    "/api/test-db": {"ok": "bool", "latency_ms": "float", "version": "str", "pool": "any"},
    "/api/db-schema": [{"table": "str", "columns": [{"name": "str", "type": "str", "nullable": "bool",
                                                     "default": "str?"}]}],
}  # fmt: skip

# Queries of each route that reads, at its longest; one of them asks for the token.
BUDGETS = {
    "/api/test-db": 2, "/api/db-schema": 2,
    "/api/stats": 4, "/api/courses": 3, "/api/course-streams": 4,
    "/api/events": 4, "/api/events?type=daily&days=365": 5, "/api/events?type=recent&limit=200": 6,
    "/api/user-growth?days=365": 5, "/api/user-activity": 8, "/api/free-lessons-conversion": 3,
    "/api/bookings?limit=200": 3, "/api/free-lessons?limit=500": 6, "/api/stream-students?stream=8th_stream": 8,
    "/api/users/by-stream?stream=8th_stream": 4, "/api/users/non-course": 2, "/api/users/hackathon": 2,
    "/api/users/list?limit=200": 4, "/api/users/list?search=а&status=2&stream=8th_stream": 4,
    "/api/users/search?q=а": 5, "/api/users/search?stats=true": 6,
    "/api/users/{user_id}": 8, "/api/users/{user_id}/bookings": 2,
    "/api/payments?limit=200": 3, "/api/payments/{payment_id}": 2, "/api/debug-events?limit=200": 3,
    "/api/messages/history?limit=100": 3, "/api/messages/{message_id}": 3, "/api/messages/{message_id}/recipients": 2,
}  # fmt: skip

BROKEN = "Internal server error"
FAILURES = {
    "/api/stats": BROKEN, "/api/courses": BROKEN, "/api/course-streams": BROKEN,
    "/api/events?type=recent": BROKEN, "/api/user-growth": BROKEN, "/api/free-lessons": BROKEN,
    "/api/bookings": "Failed to fetch bookings",
    "/api/user-activity": "Failed to fetch user activity data",
    "/api/stream-students?stream=8th_stream": "Failed to fetch stream students",
    "/api/users/search?q=а": "Failed to search users",
    "/api/users/by-stream?stream=8th_stream": "Failed to fetch users by stream",
    "/api/users/non-course": "Failed to fetch non-course users",
    "/api/users/hackathon": "Failed to fetch hackathon users",
    "/api/users/list": BROKEN, "/api/users/123456": BROKEN, "/api/users/123456/bookings": BROKEN,
    "/api/messages/history": "Failed to fetch message history",
    "/api/messages/5/recipients": "Failed to fetch message recipients",
    "/api/messages/5": BROKEN, "/api/payments": "Failed to fetch payments", "/api/test-db": BROKEN,
}  # fmt: skip

PLAIN: dict[str, Any] = {}
WITH_SUCCESS = {"success": False}
# Address, status, words, and what stands beside them.
STREAMS = ("3rd", "4th", "5th", "6th", "7th", "8th")
PIECE = "limit must be between 1 and 10000"
DAYS, RECENT = "days must be between 1 and 365", "limit must be between 1 and 200"
ERRORS: list[tuple[str, int, str, dict[str, Any]]] = [
    *((f"/api/events?type=daily&days={days}", 400, DAYS, PLAIN) for days in ("0", "366", "abc", "7abc", "5.9", "")),
    *((f"/api/events?type=recent&limit={limit}", 400, RECENT, PLAIN) for limit in ("0", "201", "-1", "x")),
    *(
        (f"/api/bookings?limit={limit}", 400, "limit must be a positive integer <= 200", PLAIN)
        for limit in ("0", "201", "20a", "")
    ),
    *((f"/api/free-lessons?limit={limit}", 400, "limit must be between 1 and 500", PLAIN) for limit in ("0", "501")),
    *((f"/api/user-growth?days={days}", 400, DAYS, PLAIN) for days in ("0", "366", "x")),
    ("/api/stream-students", 400, "Stream parameter is required", PLAIN),
    ("/api/stream-students?stream=", 400, "Stream parameter is required", PLAIN),
    ("/api/stream-students?stream=8th_stream&limit=0", 400, PIECE, PLAIN),
    ("/api/stream-students?stream=8th_stream&cursor=viewed.x", 400, "Invalid cursor", PLAIN),
    ("/api/users/by-stream?stream=8th_stream&limit=10001", 400, PIECE, PLAIN),
    ("/api/users/non-course?limit=x", 400, PIECE, PLAIN),
    ("/api/users/hackathon?limit=-1", 400, PIECE, PLAIN),
    ("/api/messages/5/recipients?limit=0", 400, PIECE, PLAIN),
    ("/api/users/by-stream", 400, "Stream parameter is required", PLAIN),
    (
        "/api/users/by-stream?stream=99th", 400,
        f"Invalid stream. Must be one of: {', '.join(f'{n}_stream' for n in STREAMS)}, mentoring",
        PLAIN,
    ),
    ("/api/users/list?page=0", 400, "page must be at least 1", WITH_SUCCESS),
    ("/api/users/list?page=abc", 400, "page must be at least 1", WITH_SUCCESS),
    ("/api/users/list?limit=-5", 400, "limit must be between 1 and 200", WITH_SUCCESS),
    ("/api/users/list?limit=0", 400, "limit must be between 1 and 200", WITH_SUCCESS),
    ("/api/users/list?status=abc", 400, "Invalid payment status", WITH_SUCCESS),
    ("/api/users/list?search=%00", 400, "Invalid text", WITH_SUCCESS),
    ("/api/users/12abc", 400, "Invalid user ID", WITH_SUCCESS),
    ("/api/users/100000000000000000000", 400, "Invalid user ID", WITH_SUCCESS),
    ("/api/users/1", 404, "User not found", WITH_SUCCESS),
    ("/api/users/x/bookings", 400, "Invalid user ID", WITH_SUCCESS),
    ("/api/messages/history?limit=0", 400, "Limit must be between 1 and 100", PLAIN),
    ("/api/messages/history?limit=101", 400, "Limit must be between 1 and 100", PLAIN),
    ("/api/messages/history?offset=-1", 400, "Offset must be non-negative", PLAIN),
    (
        "/api/messages/history?recipient_type=all", 400,
        'recipient_type must be either "individual" or "group"', PLAIN,
    ),
    (
        "/api/messages/history?recipient_group=99th", 400,
        f"recipient_group must be one of: {', '.join(f'{n}_stream' for n in STREAMS)}, mentoring", PLAIN,
    ),
    ("/api/users/list?cursor=WyJ4IiwxLDBd", 400, "Invalid cursor", WITH_SUCCESS),
    ("/api/messages/history?cursor=WyJ4IiwxLDBd", 400, "Invalid cursor", PLAIN),
    ("/api/messages/x/recipients", 400, "Invalid message ID", PLAIN),
    ("/api/messages/0/recipients", 400, "Invalid message ID", PLAIN),
    ("/api/messages/3000000000/recipients", 400, "Invalid message ID", PLAIN),
    ("/api/messages/2000000000", 404, "Message not found", PLAIN),
    ("/api/nothing", 404, "Not found", PLAIN),
    ("/api/users", 404, "Not found", PLAIN),
    ("/api/bookings?cursor=nonsense", 400, "Invalid cursor", PLAIN),
]  # fmt: skip


def mismatch(shape: Any, value: Any, at: str = "") -> str:
    """Say where a value is not of a shape; nothing where it is."""
    if isinstance(shape, str):
        fits = (shape.endswith("?") and value is None) or TYPES[shape.removesuffix("?")](value)
        return "" if fits else f"{at}: {value!r} is not {shape}"
    if isinstance(shape, list):
        if not isinstance(value, list) or not value:
            return f"{at}: {value!r} is no list with rows"
        return next(filter(None, (mismatch(shape[0], row, f"{at}[{n}]") for n, row in enumerate(value))), "")
    if not isinstance(value, dict) or value.keys() != shape.keys():
        return f"{at}: {sorted(value)} instead of {sorted(shape)}"
    return next(filter(None, (mismatch(part, value[name], f"{at}.{name}") for name, part in shape.items())), "")
