"""NiFi's expressions for messages that could not be scored: whose fault it is, and the reason that goes with them."""

from __future__ import annotations

from dai_scoring.errors import BadRowsError, ExecutionError, InputError, InternalError, ScoringError

ATTEMPTS = 10
"""How often a message is scored again if it is not known whether it is at fault itself."""

_INTERNAL = InternalError.code


def codes(*kinds: type[ScoringError]) -> tuple[str, ...]:
    """The codes of these errors and of the more special ones below them, in order."""
    found = {one.code for kind in kinds for one in (kind, *kind.__subclasses__())}
    return tuple(sorted(found))


def _listed(*kinds: type[ScoringError]) -> str:
    return ", ".join(f"'{code}'" for code in codes(*kinds))


_CODE = f"${{scoring.error.code:replaceEmpty('{_INTERNAL}')"
_TRIED_OFTEN = f"${{flowfile.retries:replaceNull('0'):ge({ATTEMPTS})}}"

# Whether another attempt is of no use. Where the model itself cannot score (its licence has ended, its file is gone),
# that is so for every message, and they wait until somebody puts it right.
MESSAGE_IS_AT_FAULT = (
    f"{_CODE}:in({_listed(InputError)}):or("
    f"{_CODE}:in({_listed(ExecutionError, InternalError)}):and({_TRIED_OFTEN})}})}}"
)

# An empty message, a tombstone or an empty list is scored without an error; but the target gets no message without a
# record.
NO_RECORD = "${record.count:equals('0')}"
_EMPTY_CODE, _EMPTY_REASON = "no_record", "The message has no record."

# Rejected records name their reason in themselves: these find the first one in JSON, in any shape.
REJECT_CODE = "dai.reject.code"
REJECT_COLUMN = "dai.reject.column"
_TEXT = r'"((?:[^"\\]|\\.)*)"'
FIRST_REASON = {
    REJECT_CODE: rf'"_reject_code"\s*:\s*{_TEXT}',
    REJECT_COLUMN: rf'"_reject_column"\s*:\s*{_TEXT}',
}


def _by_kind(of_message: str, of_rows: str) -> str:
    """An expression: one value for a message that failed as a whole, another for rejected rows.

    Only the latter have the attribute scoring.scored.count. A message that failed before may keep its scoring.error.
    """
    return f"${{scoring.scored.count:isEmpty():ifElse({of_message}, {of_rows})}}"


def _unless_empty(text: str, otherwise: str) -> str:
    return f"{NO_RECORD.removesuffix('}')}:ifElse('{text}', {otherwise})}}"


CODE = _by_kind(_unless_empty(_EMPTY_CODE, f"{_CODE}}}"), f"${{{REJECT_CODE}:replaceEmpty('{BadRowsError.code}')}}")
COLUMN = _by_kind("${scoring.error.column:replaceNull('')}", f"${{{REJECT_COLUMN}:replaceNull('')}}")
REASON = _by_kind(
    _unless_empty(
        _EMPTY_REASON, "${scoring.error:replaceEmpty('The scoring processor failed; the log of NiFi says why.')}"
    ),
    "'The message holds the rows that could not be scored, each with its reason.'",
)
