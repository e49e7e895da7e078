"""The refusals of the Bot API: code, description and parameters as Telegram words them."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A method call that Telegram would refuse."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def as_json(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            answer["parameters"] = self.parameters
        return answer


def bad_request(fact: str) -> ApiError:
    return ApiError(400, f"Bad Request: {fact}")


def too_many_requests(retry_after: int) -> ApiError:
    """``retry_after`` in whole seconds, at least one."""
    return ApiError(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)


def conflict(fact: str) -> ApiError:
    return ApiError(409, f"Conflict: {fact}")


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized")


def not_found() -> ApiError:
    return ApiError(404, "Not Found")


def blocked() -> ApiError:
    return forbidden("bot was blocked by the user")


def deactivated() -> ApiError:
    return forbidden("user is deactivated")


def not_started() -> ApiError:
    return forbidden("bot can't initiate conversation with a user")


def chat_not_found() -> ApiError:
    return bad_request("chat not found")


def forbidden(fact: str) -> ApiError:
    return ApiError(403, f"Forbidden: {fact}")


def migrated(to: int) -> ApiError:
    fact = "Bad Request: group chat was upgraded to a supergroup chat"
    return ApiError(400, fact, migrate_to_chat_id=to)
