"""How a step of a job is run so that Prefect may see it: timed, named by code, and silent about whom it concerns.

Danger: Prefect stores an exception's message, and a library's message may quote the client. Invariant: what leaves a
step is a :class:`StepFailed` that holds a step, a code and an opaque id, raised `from None`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from uuid import UUID

from register.errors import RegisterError


class Step(StrEnum):
    """The steps of the jobs, as `confide packet show` and the register name them."""

    FILL = "fill"
    RENDER = "render"
    CHECK = "check"
    CERTIFY = "certify"
    STORE = "store"
    PRESENT = "present"
    READ = "read"
    SEAL = "seal"
    KEEP = "keep"
    CLEAR = "clear"
    STAMP = "stamp"
    LOOK = "look"
    PLAN = "plan"
    DECIDE = "decide"
    REMOVE = "remove"
    VERIFY = "verify"
    SETTLE = "settle"
    RECORD = "record"
    """Writing down in the register how far a job came."""


class StepFailed(Exception):
    """A step of a job failed.

    `passing` is true where another try may succeed (a busy renderer, a store that does not answer) and false where
    the same try can only fail again (a broken form, a finished document that names the wrong organization).
    """

    def __init__(self, step: Step, code: str, subject: UUID, *, passing: bool) -> None:
        super().__init__(f"{step} failed with {code} for {subject}")
        self.step = step
        self.code = code
        self.subject = subject
        self.passing = passing

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuilt, (self.step, self.code, self.subject, self.passing)


def _rebuilt(step: Step, code: str, subject: UUID, passing: bool) -> StepFailed:
    return StepFailed(step, code, subject, passing=passing)


LASTING = frozenset(
    {
        "template_broken",
        "field_missing",
        "field_none",
        "field_not_plain",
        "field_not_text",
        "text_unprintable",
        "unknown_filter",
        "forbidden_expression",
        "not_a_word_file",
        "word_file_too_large",
        "word_file_unsafe",
        "braces_left_over",
        "form_unknown",
        "form_changed",
        "manifest_broken",
        "finished_refused",
        "place_missing",
        "place_unknown",
        "place_twice",
        "place_too_small",
        "not_tagged",
        "form_fields",
        "changed_after_signing",
        "foreign_certificate",
        "window_closed",
        "key_destroyed",
        # of a signing key in a file, on a token or in a service: a PIN is not tried five times
        "key_setting",
        "key_unfit",
        "key_refused",
    }
)
"""Codes after which the same try can only fail again; anything else may pass, and is tried five times."""


@contextmanager
def told_by_code(subject: UUID) -> Iterator[None]:
    """A whole job as Prefect may see it: what it raises outside of its steps, when the register does not answer,
    becomes :class:`StepFailed` too. What the register itself refuses passes; it holds no personal data.
    """
    try:
        yield
    except (StepFailed, RegisterError):
        raise
    except Exception as failure:  # noqa: BLE001 - the border to Prefect: libpq's message names server, role and address
        raise StepFailed(Step.RECORD, type(failure).__name__, subject, passing=True) from None


class Stages:
    """Wall time of each step in whole milliseconds, kept with the packet so that a slow stage can be named."""

    def __init__(self) -> None:
        self.ms: dict[str, int] = {}

    @contextmanager
    def step(self, step: Step, subject: UUID) -> Iterator[None]:
        """Time one step and turn whatever fails in it into :class:`StepFailed`."""
        began = time.perf_counter()
        try:
            yield
        except StepFailed:
            raise
        except Exception as failure:  # noqa: BLE001 - the border to Prefect: nothing but a code may pass it
            code = str(getattr(failure, "code", "") or type(failure).__name__)
            raise StepFailed(step, code, subject, passing=code not in LASTING) from None
        finally:
            self.ms[step] = self.ms.get(step, 0) + round((time.perf_counter() - began) * 1000)
