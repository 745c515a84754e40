"""Every error of these plugins, grouped by what happens next.

    AmazonError
    ├── ConfigError          a setting is wrong: stop before the first call, exit 1
    ├── AuthError            Login with Amazon refuses for good: stop, exit 1
    ├── CallError            one API call failed after everything HTTP could do
    │   ├── TransientError   5xx, time-out or connection lost, tries used up
    │   │   └── UnreachableError  what all calls need is down, as the token endpoint
    │   └── RejectedError    Amazon said no (4xx) to this one request
    ├── DocumentError        a report document cannot be read
    │   └── DocumentExpiredError  its address is no longer valid: ask for a new one
    └── StorageError         the disk, or the place for raw documents, refuses

Running out of time is not an error: unfinished reports wait in the state.
Messages are for the person who runs the pipeline; none carries a secret.
"""

from __future__ import annotations

from singer_amazon.masking import masked


class AmazonError(Exception):
    """Base of all errors of these plugins; its text is a full sentence."""

    def __init__(self, message: str = "") -> None:
        super().__init__(masked(message))


class ConfigError(AmazonError):
    """A setting is wrong; the text names the setting and how to mend it."""


class AuthError(AmazonError):
    """Login with Amazon refuses the credential for good."""


class CallError(AmazonError):
    """An API call that failed, with Amazon's own words."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.request_id = request_id


class TransientError(CallError):
    """5xx, time-outs and lost connections that outlived `max_attempts`."""

    may_be_done = False
    """Whether the request has gone out and only its answer is missing."""


class UnreachableError(TransientError):
    """What every call needs is down: no report of its own is to blame."""


class RejectedError(CallError):
    """A 4xx answer: asking the same again will not help."""


class DocumentError(AmazonError):
    """A report document that is damaged or not what was promised."""


class DocumentExpiredError(DocumentError):
    """The pre-signed address of a document is no longer valid."""


class StorageError(AmazonError):
    """Documents cannot be stored: in the spool, or where `raw_report_uri` points."""
