"""The API's description for people: chapters of routes with their parameters, bodies, answers and an example."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from hsl_dashboard.web.api.answers import Shape

# What a door answers beside the answers of its route.
REFUSALS = {
    "401": "No token, or one that is wrong, expired or revoked",
    "403": "The scope or the permission is missing",
    "429": "Too many requests; Retry-After says when to come again",
    "500": "A fault; request_id finds it in the log, and stands in the header X-Request-ID too",
    "503": "The database is busy or away; Retry-After says when to come again",
    "504": "Too much to count in the time of a request",
}
SIGNATURE = "signature"  # the scope of a route that takes no token
FAULT = {"properties": {"request_id": {"type": "string"}}, "required": ["request_id"]}
ONCE_KEY = "Idempotency-Key"
LONGEST_KEY = 200  # characters
REFUSED_KEY = f"The {ONCE_KEY} was used for another request"
# What every write that is no deletion takes beside its body.
KEY = {
    "name": ONCE_KEY,
    "in": "header",
    "description": f"any text of yours of letters, digits and . _ : -, at most {LONGEST_KEY} characters: the same key"
    " and body gives the same answer for 24 hours and is done once. A refused request leaves its key free",
    "schema": {"type": "string", "maxLength": LONGEST_KEY, "pattern": "^[A-Za-z0-9._:-]*$"},
}
SAMPLES = {
    "user_id": "5111222333",
    "messageId": "72",
    "userId": "5111222333",
    "message_id": "72",
    "payment_id": "15",
    "stream": "8th_stream",
    "q": "Анна",
    "type": "recent",
}


class Door(Protocol):
    """What opens a route (users/tokens/access.py)."""

    permissions: tuple[str, ...]
    scope: Any
    shape: Shape
    takes_session: bool


def describe_key(operation: dict[str, Any], method: str) -> None:
    """Add to a write the key by which it is done once."""
    if method in {"POST", "PATCH"}:
        operation["parameters"] = [*operation.get("parameters", []), KEY]
        operation["responses"].setdefault("409", _refusal(operation, REFUSED_KEY))


def describe_door(operation: dict[str, Any], door: Door) -> None:
    """Add to a route what it takes to pass, and how it refuses."""
    model = "Refusal" if door.shape is Shape.PLAIN else "RefusalWithSuccess"
    refusal = {"$ref": f"#/components/schemas/{model}"}
    # Numbers as ninja has them would stand twice in the JSON, where a route refuses in words of its own too.
    operation["responses"] = {str(status): answer for status, answer in operation["responses"].items()}
    operation["x-scope"], operation["x-permissions"] = str(door.scope), list(door.permissions)
    if door.takes_session:
        operation["security"] = [*operation["security"], {"session": []}]
    for status, words in REFUSALS.items():
        schema = {"allOf": [refusal, FAULT]} if status >= "500" else refusal
        answer = {"description": words, "content": {"application/json": {"schema": schema}}}
        operation["responses"].setdefault(status, answer)


def _refusal(operation: dict[str, Any], words: str) -> dict[str, Any]:
    """An answer in the shape in which this route says no, which its 401 has."""
    return {**operation["responses"]["401"], "description": words}


@dataclass(frozen=True)
class Parameter:
    """What a route reads from its address or its body."""

    name: str
    place: str
    kind: str
    default: str
    words: str
    is_required: bool = False


@dataclass(frozen=True)
class Route:
    """A route as the page shows it."""

    name: str
    method: str
    path: str
    summary: str
    words: str
    scope: str
    parameters: list[Parameter]
    headers: list[Parameter]
    body: str
    body_fields: list[Parameter]
    statuses: list[str]
    answers: list[tuple[str, str]]  # the status of each success, and its fields
    example: str

    @property
    def pieces(self) -> list[str]:
        """The words, and by turns what stands between double backticks in them."""
        return self.words.split("``")

    @property
    def is_read(self) -> bool:
        return self.method == "GET"

    @property
    def takes_key(self) -> bool:
        return self.method in {"POST", "PATCH"}

    @property
    def is_signed(self) -> bool:
        """A signature over the body opens it, and no token."""
        return self.scope == SIGNATURE


def chapters(schema: dict[str, Any]) -> list[tuple[str, list[Route]]]:
    """Every route by its chapter, in the order in which they are served."""
    found: dict[str, list[Route]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            route = _route(schema, path, method.upper(), operation)
            found.setdefault(operation["tags"][0], []).append(route)
    return list(found.items())


def _route(schema: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> Route:
    parameters = operation.get("parameters", [])
    body = example_of_body(schema, operation)
    answers = {
        status: answer["content"]["application/json"]["schema"] for status, answer in operation["responses"].items()
    }
    return Route(
        name=operation["operationId"],
        method=method,
        path=path,
        summary=operation["summary"],
        words=operation.get("description", ""),
        scope=operation["x-scope"],
        parameters=[_parameter(each) for each in parameters if each["in"] != "header"],
        headers=[_parameter(each) for each in parameters if each["in"] == "header"],
        body=json.dumps(body, ensure_ascii=False, indent=2) if body else "",
        body_fields=list(_body_fields(_body(schema, operation))),
        statuses=sorted(operation["responses"].keys() - REFUSALS.keys()),
        answers=[(status, _fields(schema, part)) for status, part in sorted(answers.items()) if status < "300"],
        example=example_address(path, parameters),
    )


def example_address(path: str, parameters: list[dict[str, Any]]) -> str:
    """An address that can be asked, with samples in place of what must be given."""
    query = {}
    for each in parameters:
        name = each["name"]
        if each["in"] == "path":
            path = path.replace(f"{{{name}}}", SAMPLES[name])
        elif each["in"] == "query" and name in SAMPLES and name != "user_id":
            query[name] = SAMPLES[name]
    return f"{path}?{urlencode(query)}" if query else path


def example_of_body(schema: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    """A body that can be sent; nothing where the route takes none."""
    parts = _body(schema, operation).get("properties", {})
    return {name: part["examples"][0] for name, part in parts.items() if "examples" in part}


def _body(schema: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    return _resolved(schema, content.get("application/json", {}).get("schema", {}))


def _body_fields(model: dict[str, Any], within: str = "") -> Iterator[Parameter]:
    """The fields of a body with what is in them, each by its path: ``message.text``, ``recipients[].user_id``."""
    for name, part in model.get("properties", {}).items():
        path = f"{within}{name}"
        kinds = part.get("type", "")
        kind = " | ".join(kinds) if isinstance(kinds, list) else kinds
        if "enum" in part:
            kind = " | ".join(json.dumps(value) for value in part["enum"])
        default = part.get("default")
        yield Parameter(
            name=path,
            place="body",
            kind=kind,
            default="" if default in {None, ""} else str(default),
            words=part.get("description", ""),
            is_required=name in model.get("required", ()),
        )
        yield from _body_fields(part, f"{path}.")
        yield from _body_fields(part.get("items", {}), f"{path}[].")


def _parameter(each: dict[str, Any]) -> Parameter:
    schema = each["schema"]
    kind = schema.get("type", "")
    if "maximum" in schema:
        kind = f"{kind}, {schema['minimum']}–{schema['maximum']}"
    default = schema.get("default")
    return Parameter(
        name=each["name"],
        place=each["in"],
        kind=kind or "integer",
        default="" if default in {None, ""} else str(default),
        words=each.get("description", ""),
        is_required=each.get("required", False),
    )


def _resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        part = schema["components"]["schemas"][part["$ref"].rpartition("/")[2]]
    return part


def _fields(schema: dict[str, Any], part: dict[str, Any], indent: str = "") -> str:
    """The fields of an answer, one on a line, as TypeScript would: with a question mark where one may be absent."""
    part = _resolved(schema, part)
    if "anyOf" in part:
        kinds = [_fields(schema, each, indent) for each in part["anyOf"]]
        return " | ".join(dict.fromkeys(kinds))
    if part.get("type") == "array":
        return f"[{_fields(schema, part['items'], indent)}, …]"
    properties = part.get("properties")
    if not properties:
        return str(part.get("format") or part.get("type") or "any")
    deeper, always = f"{indent}  ", part.get("required", ())
    lines = [
        _field(name if name in always else f"{name}?", each, _fields(schema, each, deeper), deeper)
        for name, each in properties.items()
    ]
    return "{\n" + "\n".join(lines) + f"\n{indent}}}"


def _field(name: str, part: dict[str, Any], kind: str, indent: str) -> str:
    kind = kind.removesuffix(" | null") if name.endswith("?") else kind
    first, following, rest = kind.partition("\n")
    words = f"  // {part['description']}" if "description" in part else ""
    return f"{indent}{name}: {first}{words}{following}{rest}"
