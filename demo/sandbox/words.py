"""Russian for the page of phones: numbers with their nouns, days, hours, states.

The sandbox stands alone, without Django's gettext; its page is for those who build and try out the dashboard.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from demo.sandbox.chats import PersonState

MOSCOW = ZoneInfo("Europe/Moscow")
MONTHS = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split()  # noqa: SIM905
STATE_NAMES = {
    PersonState.BLOCKED: "заблокировал бота",
    PersonState.DEACTIVATED: "аккаунт удалён",
    PersonState.NOT_STARTED: "не запускал бота",
    PersonState.UNKNOWN: "Telegram его не знает",
    PersonState.MIGRATED: "группа переехала",
}
OUTCOME_NAMES = {
    "ok": "доставлено",
    "refused": "отказ",
    "limited": "превышен лимит",
    "too_many_requests": "сбой: 429",
    "server_error": "сбой: ошибка сервера",
    "bad_gateway_html": "сбой: 502 с HTML",
    "truncated_json": "сбой: обрезанный ответ",
    "drop_before": "сбой: обрыв до приёма",
    "drop_after": "сбой: обрыв после приёма",
    "hang": "сбой: молчание",
    "slow": "сбой: медленно",
    "blocked": "сбой: 403",
    "deactivated": "сбой: 403",
    "not_started": "сбой: 403",
    "chat_not_found": "сбой: чат не найден",
    "migrated": "сбой: группа переехала",
    "bad_request": "сбой: 400",
}


def plural(number: int, one: str, few: str, many: str) -> str:
    """1 чат, 2 чата, 5 чатов, 21 чат, 111 чатов."""
    if number % 10 == 1 and number % 100 != 11:
        noun = one
    elif 2 <= number % 10 <= 4 and not 12 <= number % 100 <= 14:
        noun = few
    else:
        noun = many
    return f"{grouped(number)} {noun}"


def grouped(number: int) -> str:
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def moment(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, MOSCOW)


def hour(timestamp: float) -> str:
    return f"{moment(timestamp):%H:%M}"


def day(timestamp: float, now: float) -> str:
    then, today = moment(timestamp), moment(now)
    written = f"{then.day} {MONTHS[then.month - 1]}"
    if then.date() == today.date():
        return "Сегодня"
    return written if then.year == today.year else f"{written} {then.year}"


def size(number_of_bytes: int) -> str:
    if number_of_bytes < 1024:
        return f"{number_of_bytes} Б"
    if number_of_bytes < 1024 * 1024:
        return f"{number_of_bytes / 1024:.0f} КБ"
    return f"{number_of_bytes / 1024 / 1024:.1f} МБ".replace(".", ",")
