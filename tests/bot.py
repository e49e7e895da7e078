"""What the school's bot writes: its SQL, statement by statement, as the second writer of our database."""

from collections.abc import Callable
from datetime import date

import psycopg
from psycopg.types.json import Jsonb

Bot = psycopg.Connection[tuple[object, ...]]


def store_user(bot: Bot, user_id: int, *, username: str | None = "anna", first_name: str | None = "Анна") -> None:
    bot.execute(
        "INSERT INTO users (user_id, username, first_name, last_name, language_code) VALUES (%s, %s, %s, NULL, 'ru')"
        " ON CONFLICT (user_id) DO UPDATE SET username = EXCLUDED.username, first_name = EXCLUDED.first_name,"
        " updated_at = NOW()",
        [user_id, username, first_name],
    )


def log_event(bot: Bot, user_id: int, event_type: str = "start_command", **details: object) -> int:
    return _number(
        bot,
        "INSERT INTO events (user_id, event_type, details) VALUES (%s, %s, %s) RETURNING id",
        [user_id, event_type, Jsonb(details)],
    )


def create_booking(bot: Bot, user_id: int, *, username: str = "anna", first_name: str = "Анна") -> int:
    return _number(
        bot,
        "INSERT INTO bookings (user_id, username, first_name, course_id) VALUES (%s, %s, %s, 1) RETURNING id",
        [user_id, username, first_name],
    )


def create_booking_with_coupon(bot: Bot, user_id: int, *, code: str, stream: str = "8th_stream") -> int:
    """Book, use the coupon and count the use, in one transaction as the bot does."""
    with bot.transaction():
        booking = _number(
            bot,
            "INSERT INTO bookings (user_id, course_id, confirmed, referral_code, discount_percent, course_stream)"
            " SELECT %s, 1, 0, code, discount_percent, %s FROM referral_coupons WHERE code = %s RETURNING id",
            [user_id, stream, code],
        )
        use_coupon(bot, user_id, code=code, booking=booking)
    return booking


def use_coupon(bot: Bot, user_id: int, *, code: str, booking: int | None = None) -> None:
    bot.execute(
        "INSERT INTO referral_usage (coupon_id, user_id, booking_id) SELECT id, %s, %s FROM referral_coupons"
        " WHERE code = %s ON CONFLICT (coupon_id, user_id) DO NOTHING",
        [user_id, booking, code],
    )
    bot.execute("UPDATE referral_coupons SET current_activations = current_activations + 1 WHERE code = %s", [code])


def create_coupon(bot: Bot, user_id: int, *, code: str) -> int:
    return _number(
        bot,
        "INSERT INTO referral_coupons (code, name, discount_percent, max_activations, created_by)"
        " VALUES (%s, 'друзьям', 10, 5, %s) ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name RETURNING id",
        [code, user_id],
    )


def change_status(bot: Bot, booking: int, status: int) -> None:
    bot.execute("UPDATE bookings SET confirmed = %s WHERE id = %s", [status, booking])


def register_for_lesson(bot: Bot, user_id: int, *, lesson_date: date | None = date(2026, 12, 1)) -> None:
    bot.execute(
        "INSERT INTO free_lesson_registrations (user_id, username, first_name, email, lesson_type, lesson_date)"
        " VALUES (%s, 'anna', 'Анна', 'anna@example.test', 'cursor_lesson', %s)"
        " ON CONFLICT (user_id, lesson_type, lesson_date) DO UPDATE SET email = EXCLUDED.email, registered_at = NOW()",
        [user_id, lesson_date],
    )


def remind_of_lesson(bot: Bot, user_id: int) -> None:
    bot.execute("UPDATE free_lesson_registrations SET notification_sent = TRUE WHERE user_id = %s", [user_id])


def register_for_hackathon(bot: Bot, user_id: int | None) -> int:
    return _number(
        bot,
        "INSERT INTO hackathon_registrations (user_id, username) VALUES (%s, 'anna') RETURNING id",
        [user_id],
    )


def block(bot: Bot, user_id: int) -> None:
    bot.execute(
        "INSERT INTO blocked_users (user_id) VALUES (%s) ON CONFLICT (user_id) DO UPDATE SET blocked_at = NOW()",
        [user_id],
    )


def record_message(bot: Bot, user_id: int) -> int:
    """Send one message and note it: the previous dashboard's SQL, which works beside ours until it is switched off."""
    message = _number(
        bot,
        "INSERT INTO message_history (message_text, total_recipients, recipient_type, recipient_group)"
        " VALUES ('Привет', 1, 'group', '4th_stream') RETURNING id",
        [],
    )
    recipient = _number(
        bot,
        "INSERT INTO message_recipients (message_id, user_id, username) VALUES (%s, %s, 'anna') RETURNING id",
        [message, user_id],
    )
    bot.execute(
        "UPDATE message_recipients SET delivery_status = 'sent', telegram_message_id = 77 WHERE id = %s", [recipient]
    )
    bot.execute("UPDATE message_history SET successful_deliveries = 1 WHERE id = %s", [message])
    return message


def everything(bot: Bot, user_id: int) -> list[Callable[[], object]]:
    """All that the bot can do about one person, each to be called in this order, the person unknown at first."""
    code = f"CODE{user_id}"
    booking: list[int] = []
    return [
        lambda: log_event(bot, user_id, "start_command", username="anna", first_name="Анна"),
        lambda: booking.append(create_booking(bot, user_id + 1)),
        lambda: change_status(bot, booking[0], 1),
        lambda: create_coupon(bot, user_id, code=code),
        lambda: create_booking_with_coupon(bot, user_id + 2, code=code),
        lambda: use_coupon(bot, user_id + 3, code=code),
        lambda: register_for_lesson(bot, user_id + 4),
        lambda: register_for_lesson(bot, user_id + 4),
        lambda: register_for_lesson(bot, user_id + 4, lesson_date=None),
        lambda: remind_of_lesson(bot, user_id + 4),
        lambda: register_for_hackathon(bot, user_id + 5),
        lambda: register_for_hackathon(bot, None),
        lambda: block(bot, user_id + 6),
        lambda: block(bot, user_id + 6),
        lambda: store_user(bot, user_id + 7),
        lambda: record_message(bot, user_id + 8),
        lambda: store_user(bot, user_id, username="anna_new"),
        lambda: log_event(bot, user_id, "booking_status_changed", booking_id=booking[0], old_status=0, new_status=1),
    ]


def corrections(bot: Bot, user_id: int) -> list[Callable[[], object]]:
    """What is changed by hand or by the previous dashboard: rows of strangers too, and every column that is written."""
    first, last = user_id, user_id + 9

    def run(sql: str, *params: object) -> Callable[[], object]:
        return lambda: bot.execute(sql, params)

    booked = "INSERT INTO bookings (user_id, username, first_name, course_id, confirmed, course_stream) VALUES "
    return [
        # Names that the upsert empties, and events that carry names of their own.
        lambda: store_user(bot, user_id + 1, username=None, first_name=None),
        run("UPDATE users SET last_name = 'Петрова', updated_at = NOW() WHERE user_id = %s", user_id),
        run(
            "INSERT INTO events (user_id, event_type, details, username, first_name) VALUES"
            " (%s, 'student_response', NULL, 'anna', 'Анна'), (%s, 'session_reset', '[]', NULL, NULL)",
            user_id,
            user_id + 9,
        ),
        run("UPDATE events SET details = '{\"fixed\": true}' WHERE user_id = %s AND details IS NULL", user_id),
        # Bookings with holes and odd numbers, and what the previous dashboard's PATCH sets.
        run(f"{booked} (%s, NULL, NULL, NULL, NULL, NULL), (%s, '', '', 1, 7, '')", user_id + 3, user_id + 3),
        run("UPDATE bookings SET course_stream = '5th_stream', confirmed = -1 WHERE user_id = %s", user_id + 1),
        run("UPDATE bookings SET discount_percent = 30, referral_code = 'X' WHERE user_id = %s", user_id + 1),
        run("UPDATE bookings SET course_stream = NULL, referral_code = NULL WHERE user_id = %s", user_id + 2),
        run("UPDATE bookings SET confirmed = confirmed WHERE user_id BETWEEN %s AND %s", first, last),
        run("UPDATE bookings SET confirmed = NULL WHERE user_id = %s AND confirmed = 7", user_id + 3),
        run("UPDATE bookings SET user_id = %s WHERE user_id = %s AND username = ''", user_id + 9, user_id + 3),
        run("UPDATE courses SET start_date_text = '1 января' WHERE id = 2"),
        run("UPDATE referral_coupons SET is_active = 0 WHERE created_by = %s", user_id),
        run("UPDATE free_lesson_registrations SET lesson_date = NULL WHERE user_id = %s", user_id + 4),
        run("UPDATE hackathon_registrations SET username = NULL WHERE user_id = %s", user_id + 5),
        run("UPDATE blocked_users SET reason = 'chat_not_found' WHERE user_id = %s", user_id + 6),
        # A message for later, its text of nobody yet, and one that was sent and deleted again.
        run(
            "WITH later AS (INSERT INTO message_history (message_text, total_recipients, scheduled_at) VALUES"
            " ('Завтра', 1, NOW() + INTERVAL '1 day') RETURNING id)"
            " INSERT INTO message_recipients (message_id, user_id) SELECT id, %s FROM later",
            user_id + 9,
        ),
        run("UPDATE message_recipients SET delivery_status = 'failed' WHERE user_id = %s", user_id + 9),
        run("UPDATE message_recipients SET delivery_status = 'deleted' WHERE user_id = %s", user_id + 8),
    ]


def deletions(bot: Bot, user_id: int) -> list[Callable[[], object]]:
    """Delete all that ``everything`` and ``corrections`` have written, table by table, and the people last."""
    first, last = user_id, user_id + 9

    def delete(what: str, *params: object) -> Callable[[], object]:
        return lambda: bot.execute(f"DELETE FROM {what}", params)

    theirs = "user_id BETWEEN %s AND %s"
    messages = f"SELECT message_id FROM message_recipients WHERE {theirs}"
    return [
        delete("blocked_users WHERE user_id = %s", user_id + 6),  # who came back
        *(
            delete(f"{table} WHERE {theirs}", first, last)
            for table in (
                "referral_usage",
                "bookings",
                "events",
                "free_lesson_registrations",
                "hackathon_registrations",
            )
        ),
        delete("referral_coupons WHERE created_by = %s", user_id),
        delete(f"message_history WHERE id IN ({messages})", first, last),  # their recipients go with them
        delete(f"users WHERE {theirs}", first, last),
    ]


def _number(bot: Bot, sql: str, params: list[object]) -> int:
    row = bot.execute(sql, params).fetchone()
    assert row is not None and isinstance(row[0], int)
    return row[0]
