"""What leaves a step is a step, a code and an opaque id; whatever a library said stays behind."""

from __future__ import annotations

import pickle
import traceback
from uuid import uuid4

import pytest

from flows.runs import LASTING, Stages, Step, StepFailed
from templates.errors import FormCode, FormError

NAME = "Marisol Quetzalcanario"


def failing(error: Exception) -> StepFailed:
    def step_of_a_job() -> None:
        with Stages().step(Step.FILL, uuid4()):
            raise error

    with pytest.raises(StepFailed) as failed:
        step_of_a_job()
    return failed.value


def test_a_message_that_quotes_the_client_does_not_leave_the_step() -> None:
    failed = failing(ValueError(f"cannot fill {NAME}"))
    assert failed.code == "ValueError"
    assert failed.__cause__ is None
    assert failed.__suppress_context__
    told = "".join(traceback.format_exception(failed))
    assert NAME not in told
    assert NAME not in repr(failed) + str(failed)


def test_a_code_is_kept_and_says_whether_another_try_may_pass() -> None:
    lasting = failing(FormError(FormCode.FIELD_MISSING, f"{NAME} lacks", "Add it."))
    assert (lasting.code, lasting.passing) == (FormCode.FIELD_MISSING.value, False)
    passing = failing(FormError(FormCode.RENDER_TIMEOUT, "It took too long.", "Try again."))
    assert (passing.code, passing.passing) == (FormCode.RENDER_TIMEOUT.value, True)
    assert NAME not in str(lasting)


def test_a_failure_that_is_explained_already_passes_as_it_is() -> None:
    told = StepFailed(Step.CHECK, "finished_refused F01:text", uuid4(), passing=False)
    assert failing(told) is told


def test_a_failed_step_survives_the_way_between_processes() -> None:
    told = StepFailed(Step.SEAL, "window_closed", uuid4(), passing=False)
    back = pickle.loads(pickle.dumps(told))  # noqa: S301 - our own bytes
    assert (back.step, back.code, back.subject, back.passing) == (told.step, told.code, told.subject, told.passing)
    assert str(back) == str(told)


def test_every_step_is_timed_whether_it_fails_or_not() -> None:
    stages = Stages()
    with stages.step(Step.READ, uuid4()):
        pass
    with pytest.raises(StepFailed), stages.step(Step.FILL, uuid4()):
        raise OSError
    assert set(stages.ms) == {Step.READ, Step.FILL}
    assert all(isinstance(ms, int) for ms in stages.ms.values())


def test_every_code_that_lasts_is_a_code_of_some_room() -> None:
    from flows import finished, packet, signing_keys
    from signing.errors import SigningCode
    from storage import errors as storage_errors

    of_rooms = {code.value for code in FormCode} | {code.value for code in SigningCode}
    of_rooms |= {str(code) for code in storage_errors.StorageCode} | {signing_keys.KeySettingError.code}
    of_flows = {"form_changed", "finished_refused"}
    assert all(code in finished.__loader__.get_source(finished.__name__) + packet.__loader__.get_source(packet.__name__)  # type: ignore[union-attr]
               for code in of_flows)  # fmt: skip
    assert of_rooms | of_flows >= LASTING, LASTING - of_rooms - of_flows
