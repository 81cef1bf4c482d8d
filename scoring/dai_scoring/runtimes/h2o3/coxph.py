"""Which columns the MOJO of a Cox proportional hazards model takes from the records.

Source of the behaviour: hex.genmodel.algos.coxph 3.46. The MOJO names further columns, which it does not use (start and
stop times, ``__strata``) or computes itself (interactions).
"""

from __future__ import annotations

import configparser
import json
import zipfile
from pathlib import Path


def asked_columns(path: Path, features: int) -> list[int]:
    """The indices of the features that the records must have, ascending; all if the file does not say."""
    with zipfile.ZipFile(path) as archive:
        text = archive.read("model.ini").decode("utf-8", "replace")
    info = configparser.ConfigParser(allow_no_value=True, strict=False, delimiters=("=",), interpolation=None)
    info.read_string(text.partition("[columns]")[0])
    values = info["info"]
    try:
        strata = len(json.loads(values["strata_0"])) if int(values["strata_count"]) else 0
        used = strata + int(values["cats"]) + int(values["num_numerical_columns"])
        computed = json.loads(values.get("interaction_targets") or "[]")
    except (KeyError, ValueError):
        return list(range(features))
    return [index for index in range(min(used, features)) if index not in computed]
