"""How variables are read: from the environment, else .env, with one sentence for each that is missing or wrong."""

from pathlib import Path
from typing import Any, Self, cast

from django.core.exceptions import ImproperlyConfigured
from dotenv import dotenv_values
from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from hsl_dashboard.environment import connections

ROOT = Path(__file__).resolve().parents[2]
# Where Docker, Podman and Kubernetes put secrets: a file each, named as the variable.
SECRETS = Path("/run/secrets")


def variable(default: str = "", *, cure: str = "") -> Any:
    """A variable that may be left out; ``default`` is written as in .env."""
    return Field("", json_schema_extra={"default": default, "cure": cure})


def required(*, cure: str, development: str = "", embedded: bool = False, unless: str = "", only_with: str = "") -> Any:
    """A variable that the start cannot do without, unless another one is set, or only with another one.

    While DEBUG is on, ``development`` stands in, or the ``embedded`` server of a checkout.
    """
    conditions = {"unless": unless, "only_with": only_with}
    return Field("", json_schema_extra={"cure": cure, "development": development, "embedded": embedded, **conditions})


class Variables(BaseSettings):
    """A table of variables. An empty one counts as left out."""

    model_config = SettingsConfigDict(
        case_sensitive=True, enable_decoding=False, extra="ignore", hide_input_in_errors=True, validate_default=True
    )

    @classmethod
    def read(cls) -> Self:
        """Read all variables.

        Raises:
            ImproperlyConfigured: some are missing or wrong; the text has a line for each, with its cure.
        """
        try:
            return cls()
        except ValidationError as error:
            lines = dict.fromkeys(cls._sentence(wrong) for wrong in error.errors(include_url=False))
            raise ImproperlyConfigured("\n".join(lines)) from None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Files of secrets, then the environment, then .env.

        .env is read without interpolation, which the library's own source cannot: a password may hold ``${``.
        """
        secrets = [SecretsSettingsSource(settings_cls, SECRETS)] if SECRETS.is_dir() else []
        dotenv = InitSettingsSource(settings_cls, dict(dotenv_values(ROOT / ".env", interpolate=False)))
        return *secrets, env_settings, dotenv

    @field_validator("*", mode="before")
    @classmethod
    def fill_in(cls, value: str | None, info: ValidationInfo) -> str:
        """Strip spaces, except from passwords, and give what stands in for a variable that is left out."""
        name = str(info.field_name)
        value = value or ""
        if not name.endswith("_PASSWORD"):
            value = value.strip()
        return value or cls._stand_in(name, info.data)

    @classmethod
    def _stand_in(cls, name: str, known: dict[str, Any]) -> str:
        """What a variable that is left out means; ``known`` are the ones above it, without those that are wrong."""
        row = cls._row(name)
        if "default" in row:
            return str(row["default"])
        replaced = row["unless"] and known.get(row["unless"], True)
        unwanted = row["only_with"] and not known.get(row["only_with"])
        embedded = row["embedded"] and known.get("DEBUG") and connections.has_embedded_servers()
        if replaced or unwanted or embedded:
            return ""
        if row["development"] and known.get("DEBUG"):
            return str(row["development"])
        raise PydanticCustomError("unset", "is not set")

    @classmethod
    def _sentence(cls, wrong: ErrorDetails) -> str:
        name = str(wrong["loc"][0])
        if wrong["type"] == "unset":
            return f"{name} is not set. {cls._row(name)['cure']}"
        if wrong["type"] == "value_error":  # raised by a kind of ours: a whole sentence, which repeats no secret
            return f"{name} {wrong['ctx']['error']}"
        # The library itself refuses only booleans, numbers and choices, none of which is a secret.
        return f"{name} is {wrong['input']!r}. {cls._row(name)['cure']}"

    @classmethod
    def _row(cls, name: str) -> dict[str, Any]:
        return cast("dict[str, Any]", cls.model_fields[name].json_schema_extra)
