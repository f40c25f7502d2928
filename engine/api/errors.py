"""Why a request cannot be done, in words that a front end can show."""

from collections.abc import Mapping


class ApiError(Exception):
    """Base. `code` is stable, `message` is a sentence for a person, `details` names the field where there is one."""

    status = 400  #: the fitting HTTP status
    code = "bad_request"

    def __init__(self, message: str, *, code: str = "", details: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.details = dict(details or {})


class NotFound(ApiError):
    """There is no such thing (any more)."""

    status, code = 404, "not_found"


class Conflict(ApiError):
    """Somebody else changed it first, or its state does not allow this."""

    status, code = 409, "conflict"


class Invalid(ApiError):
    """A value does not fit; `details["field"]` names it."""

    status, code = 422, "invalid"

    def __init__(self, field: str, message: str, *, code: str = "") -> None:
        super().__init__(message, code=code, details={"field": field})
        self.field = field


class ProbeFailed(ApiError):
    """The platform did not take what was tried. `code` is one of contract.md's, `message` the platform's reason."""

    status, code = 422, "error"


class Unavailable(ApiError):
    """Not now: no worker is there to do it, or the master is closing."""

    status, code = 503, "unavailable"
