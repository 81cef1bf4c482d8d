"""Imported before what the extra 'tools' brings: raises MissingExtraError, in one sentence, where that is missing."""

from __future__ import annotations

import importlib.util

from dai_scoring import extras
from dai_scoring.cli.errors import MissingExtraError

for _module, _package in {"nipyapi": "nipyapi", "cryptography": "cryptography", "yaml": "pyyaml"}.items():
    if importlib.util.find_spec(_module) is None:
        raise MissingExtraError(extras.sentence(_package, "tools"))
