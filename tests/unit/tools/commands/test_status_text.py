"""What status prints of a flow: whole ids and addresses at any width, and which model is which."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from dai_nifi.checkup.finding import OK, PROBLEM, Finding
from dai_nifi.commands import doctor
from dai_nifi.commands.deployed_flows import status as command
from dai_nifi.operations import status as flows
from dai_nifi.operations.canvas.counters import Agreement, ModelCounts
from dai_nifi.operations.status import FlowStatus, LoadedModel, Queue, Traffic
from dai_scoring.cli import console as words

IDS = ("a5f0cbe6-0d6c-4b3e-9b0a-champion-with-a-long-id", "0f3c1e22-77aa-4f6d-8c55-challenger-with-a-long-id")
URL = "https://nifi-of-the-department.example:8443/nifi/#/process-groups/2d9a7f20-019a-1000-ffff-ffffc0a80a0b"


def flow() -> FlowStatus:
    files = ("churn.mojo", "churn-of-next-month.mojo")
    roles = ("champion", "challenger")
    return FlowStatus(
        name="churn",
        flow="realtime-champion-challenger",
        runtime="java",
        state="running",
        running=9,
        stopped=0,
        invalid=0,
        problems=[],
        queued_flowfiles=1,
        queued_bytes=10,
        queues=[Queue("success", "Score with the champion", "Answer the request that has waited", 1, 10, 0.0)],
        scoring=Traffic(1, 1, 10, 20),
        counts=[
            ModelCounts(*one, 0, 0, 1.0, 0, {}, file, role)
            for *one, file, role in zip(IDS, (5, 3), files, roles, strict=True)
        ],
        model=files[0],
        previous=None,
        loaded=[
            LoadedModel(one, file, "ab" * 32, "h2o", role) for one, file, role in zip(IDS, files, roles, strict=True)
        ],
        parameters={"challenger": files[1]},
        set_on_canvas={},
        endpoint=None,
        bulletins=[],
        id="2d9a7f20",
        url=URL,
        agreement=Agreement(4, 1, 0),
    )


@pytest.mark.parametrize("terminal", [True, False])
def test_ids_and_addresses_stay_whole(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    narrow = Console(file=written, width=80, force_terminal=terminal, color_system=None, soft_wrap=True)
    monkeypatch.setattr(words, "_out", narrow)
    words.Output().result(None, lambda console: console.print(command._one(flow())), keep_lines=True)
    text = written.getvalue()
    assert URL in text
    counts = [line for line in text.splitlines() if line.startswith("│ ")]
    assert [line.split("│")[1].strip() for line in counts] == [
        f"champion: churn.mojo ({IDS[0]})",
        f"challenger: churn-of-next-month.mojo ({IDS[1]})",
        "success",
    ]
    assert f"challenger: churn-of-next-month.mojo  id {IDS[1]}" in text


def test_a_processor_is_the_challenger_by_the_parameter_that_its_model_is() -> None:
    def scoring(model: str) -> SimpleNamespace:
        return SimpleNamespace(component=SimpleNamespace(config=SimpleNamespace(properties={"Model": model})))

    champion, challenger = scoring("#{model.file}"), scoring("#{challenger.file}")
    assert flows._by_role([challenger, champion]) == [("champion", [champion]), ("challenger", [challenger])]
    assert flows._by_role([champion]) == [(None, [champion])]


def test_lines_of_a_table_end_with_their_last_word_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    findings = [Finding("flows", OK, "a" * 300), Finding("disk", PROBLEM, "full", "Make room.")]
    value = {"healthy": False}
    words.Output().result(value, lambda console: doctor._render(console, findings, 1))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("a")
    assert all(line == line.rstrip() for line in lines)
    assert lines[-1] == "1 problem(s)."
