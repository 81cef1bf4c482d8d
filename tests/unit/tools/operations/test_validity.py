"""What is said of processors that are not valid."""

from __future__ import annotations

from nipyapi.nifi import ProcessorDTO, ProcessorEntity

from dai_nifi.operations.canvas import validity


def processor(name: str, status: str, *errors: str) -> ProcessorEntity:
    return ProcessorEntity(component=ProcessorDTO(name=name, validation_status=status, validation_errors=list(errors)))


LOADING = processor("Score", "INVALID", "Initializing runtime environment for this Processor.")
WRONG = processor("Read", "INVALID", "'Input Directory' is required")
VALID, VALIDATING = processor("Write", "VALID"), processor("Answer", "VALIDATING")


def test_what_is_not_ready_yet_is_no_problem_but_is_said_when_time_is_up() -> None:
    every = [LOADING, WRONG, VALID, VALIDATING]
    assert validity.problems(every) == ["Read: 'Input Directory' is required"]
    assert validity.not_valid(every) == [
        "Score: Initializing runtime environment for this Processor.",
        "Read: 'Input Directory' is required",
        "Answer: VALIDATING",
    ]
