"""What leaves a step is a step, a code and an opaque id; whatever a library said stays behind."""

from __future__ import annotations

import pickle
import threading
import traceback
from uuid import uuid4

import pytest
from django.db import OperationalError

from flows import lease
from flows.runs import LASTING, Stages, Step, StepFailed, told_by_code
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


def test_a_register_that_does_not_answer_is_told_by_its_code_too() -> None:
    """libpq's message names the server, the role and the address; Prefect would keep it."""
    subject = uuid4()

    def job() -> None:
        with told_by_code(subject):
            raise OperationalError('connection to server at "db.example.org", port 5432 failed')

    with pytest.raises(StepFailed) as failed:
        job()
    assert (failed.value.step, failed.value.code, failed.value.passing) == (Step.RECORD, "OperationalError", True)
    assert "example" not in "".join(traceback.format_exception(failed.value))


def test_what_wakes_a_worker_tells_prefect_the_kind_of_failure_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    from flows import queue

    def fails(*, recorded: bool) -> int:
        raise OperationalError('connection to server at "db.example.org", port 5432 failed')

    monkeypatch.setattr(queue, "work", fails)
    with pytest.raises(queue.WorkInterrupted) as failed:
        queue.wake.fn()
    assert "".join(traceback.format_exception(failed.value)).endswith("WorkInterrupted: OperationalError\n")


def test_with_prefect_gone_since_it_was_asked_the_work_is_done_unrecorded(monkeypatch: pytest.MonkeyPatch) -> None:
    from flows import queue

    def gone() -> None:
        raise ConnectionRefusedError

    done: list[object] = []
    monkeypatch.setattr(queue.SyncClientContext, "get_or_create", gone)
    monkeypatch.setattr(queue, "issue_waiting", lambda run: done.append(run) or 1)
    monkeypatch.setattr(queue, "seal_waiting", lambda run: done.append(run) or 2)
    assert queue.work(recorded=True) == 3
    assert done == [queue.issue_packet.fn, queue.seal_statement.fn]


def test_a_lease_that_could_not_be_renewed_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, renewed = 0, threading.Event()

    def renew() -> None:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise OperationalError("server closed the connection unexpectedly")
        renewed.set()

    monkeypatch.setattr(lease, "RENEW_SECONDS", 0.01)
    with lease.kept(renew):
        assert renewed.wait(10)


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
