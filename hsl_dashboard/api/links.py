"""How one route leads to another, as OpenAPI's links say it: who was listed is read, what was sent is paused."""

from typing import Any

NEXT_CURSOR = "X-Next-Cursor"
ASKED_FOR = {("users_by_stream", "stream"), ("stream_students", "stream")}  # parameters without which a route refuses
FIRST = "$response.body#/0"
SENT = {"message_id": "$response.body#/message_id"}
SAME_PERSON = {"user_id": "$request.path.user_id"}

# Of a list that comes in pieces.
HEADERS = {
    "Link": {"description": "The address of the next piece, if there is one", "schema": {"type": "string"}},
    NEXT_CURSOR: {"description": "The cursor of the next piece, if there is one", "schema": {"type": "string"}},
}


def _to(route: str, *, body: Any = None, **parameters: str) -> dict[str, Any]:
    link: dict[str, Any] = {"operationId": route, "parameters": parameters}
    return link | {"requestBody": body} if body is not None else link


def _changed(booking: str) -> dict[str, Any]:
    return {"bookingId": booking, "updates": {"discount_percent": 10}}


def _sent_to(person: str) -> dict[str, Any]:
    return {"recipients": [{"user_id": person}], "message": {"type": "text", "text": "Привет!"}}


# By route: what a success leads to.
LINKS: dict[str, dict[str, dict[str, Any]]] = {
    "users_list": {
        "person": _to("user_detail", user_id="$response.body#/users/0/user_id"),
        "message": _to("messages_send", body=_sent_to("$response.body#/users/0/user_id")),
    },
    "users_search": {"person": _to("user_detail", user_id=f"{FIRST}/user_id")},
    "users_by_stream": {
        "person": _to("user_detail", user_id=f"{FIRST}/user_id"),
        "moved": _to("user_stream_change", body={"newStream": "7th_stream"}, user_id=f"{FIRST}/user_id"),
    },
    "user_detail": {
        "bookings": _to("user_bookings", **SAME_PERSON),
        "changed": _to("user_bookings_change", body=_changed("$response.body#/bookings/0/id"), **SAME_PERSON),
    },
    "user_bookings": {
        "changed": _to("user_bookings_change", body=_changed("$response.body#/bookings/0/id"), **SAME_PERSON)
    },
    "user_bookings_change": {"bookings": _to("user_bookings", **SAME_PERSON)},
    "user_stream_change": {"person": _to("user_detail", **SAME_PERSON)},
    "bookings": {
        "person": _to("user_detail", user_id=f"{FIRST}/user_id"),
        "changed": _to("user_bookings_change", body=_changed(f"{FIRST}/id"), user_id=f"{FIRST}/user_id"),
    },
    "payments": {"payment": _to("payment_detail", payment_id=f"{FIRST}/id")},
    "messages_history": {
        "message": _to("message_detail", message_id=f"{FIRST}/id"),
        "recipients": _to("message_recipients", message_id=f"{FIRST}/id"),
    },
    "messages_send": {
        "message": _to("message_detail", **SENT),
        "recipients": _to("message_recipients", **SENT),
        "pause": _to("message_pause", **SENT),
        "cancel": _to("message_cancel", **SENT),
    },
    "message_recipients": {
        "deleted": _to("messages_delete", messageId=f"{FIRST}/message_id", userId=f"{FIRST}/user_id")
    },
    "message_pause": {
        "message": _to("message_detail", **SENT),
        "resume": _to("message_resume", **SENT),
        "cancel": _to("message_cancel", **SENT),
    },
    "message_resume": {"pause": _to("message_pause", **SENT), "cancel": _to("message_cancel", **SENT)},
    "message_cancel": {"message": _to("message_detail", **SENT)},
}


def describe_links(operation: dict[str, Any]) -> None:
    """Add to a route where its success leads, and to a list in pieces where the next one is."""
    route = operation["operationId"]
    links = dict(LINKS.get(route, {}))
    in_pieces = any(each["name"] == "cursor" for each in operation.get("parameters", []))
    if in_pieces:
        # What the address must say is said again: the next piece is of the same message, or the same stream.
        same = {
            each["name"]: f"$request.{each['in']}.{each['name']}"
            for each in operation["parameters"]
            if each["in"] == "path" or (route, each["name"]) in ASKED_FOR
        }
        links["next"] = _to(route, cursor=f"$response.header.{NEXT_CURSOR}", **same)
    for status in {"200", "202"} & operation["responses"].keys():
        answer = operation["responses"][status]
        if in_pieces:
            answer["headers"] = HEADERS
        if links:
            answer["links"] = links
