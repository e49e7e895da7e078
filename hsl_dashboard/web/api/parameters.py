"""Reads addresses and bodies: whole numbers that are refused in set words, the first of repeated parameters, JSON."""

import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja.parser import Parser
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import no_info_before_validator_function

from hsl_dashboard.db import LARGEST_BIGINT, LARGEST_INTEGER, is_storable
from hsl_dashboard.web.api.answers import ApiError

WORDS = "words"  # the type of an error whose message is meant for the caller
INVALID_JSON = "Invalid JSON"
LONGEST_TEXT = 1_000  # characters of a parameter


def whole_number(value: Any, *, least: int = -LARGEST_BIGINT, most: int = LARGEST_BIGINT) -> int | None:
    """Read a whole number or its decimal digits; None for anything else: ``12abc``, ``5.9``, an empty text."""
    if isinstance(value, str):
        digits = value.removeprefix("-")
        value = int(value) if digits.isascii() and digits.isdecimal() and len(digits) <= 19 else None
    if type(value) is not int:
        return None
    return value if least <= value <= most else None


@dataclass(frozen=True)
class Whole:
    """Of a parameter: a whole number within limits; ``words`` refuse any other."""

    words: str
    least: int = 1
    most: int = LARGEST_INTEGER

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}

    def read(self, value: Any) -> int:
        number = whole_number(value, least=self.least, most=self.most)
        if number is None:
            raise PydanticCustomError(WORDS, self.words)
        return number


@dataclass(frozen=True)
class Text:
    """Of a parameter: text that PostgreSQL can be asked with."""

    words: str = "Invalid text"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "maxLength": LONGEST_TEXT}

    def read(self, value: Any) -> str:
        if not isinstance(value, str) or not is_storable(value) or len(value) > LONGEST_TEXT:
            raise PydanticCustomError(WORDS, self.words)
        return value


def described(**schema: Any) -> WithJsonSchema:
    """Of a field that the route itself reads, in the order of its refusals: what it should be."""
    return WithJsonSchema(schema)


class FirstOfMany(Parser):
    """Of parameters with the same name the first counts; a body that is no JSON is refused in words."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        try:
            body = json.loads(request.body, parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise ApiError(400, INVALID_JSON) from None
        if not isinstance(body, dict):
            raise ApiError(400, INVALID_JSON)
        return body

    def parse_querydict(
        self, data: "MultiValueDict[str, Any]", list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        return {key: data.getlist(key) if key in list_fields else data.getlist(key)[0] for key in data}


def _refuse(constant: str) -> None:
    raise ValueError(constant)
