"""Which platforms there are and what their forms look like."""

from typing import Protocol

from engine.api.errors import Invalid
from engine.api.secret_values import SecretValues
from worker.protocol.descriptor import Descriptor, Field, FieldError, Values, validate_values


class Descriptors(Protocol):
    """The last seen descriptor of every platform, by key."""

    def get(self, key: str) -> Descriptor | None: ...
    def all(self) -> list[Descriptor]: ...


class Platforms:
    """Descriptors of all platforms that a worker offers or has offered, so forms exist with no worker online."""

    def __init__(self, descriptors: Descriptors) -> None:
        self._descriptors = descriptors

    def all(self) -> list[Descriptor]:
        """All platforms, by key."""
        return sorted(self._descriptors.all(), key=lambda descriptor: descriptor.key)

    def get(self, key: str) -> Descriptor:
        """One platform.

        Raises:
            Invalid: of field `platform`.
        """
        descriptor = self._descriptors.get(key)
        if descriptor is None:
            raise Invalid("platform", f"no worker offers the platform “{key[:40]}”", code="unknown_platform")
        return descriptor

    def check_settings(self, key: str, settings: Values) -> Values:
        """Settings with defaults filled in. Raises Invalid naming `settings.<field>`."""
        return _checked("settings", self.get(key).setting_fields, settings)

    def check_credentials(self, key: str, credentials: SecretValues) -> SecretValues:
        """Credentials as given, blanks dropped. Raises Invalid naming `credentials.<field>`."""
        return SecretValues(_checked("credentials", self.get(key).credential_fields, credentials.reveal()))


def _checked(where: str, fields: tuple[Field, ...], values: Values) -> Values:
    try:
        return validate_values(fields, values)
    except FieldError as error:
        raise Invalid(f"{where}.{error.field}", str(error)) from None
