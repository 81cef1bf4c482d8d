"""What some templates need outside of their flow: a driver, tables of a database, a folder that NiFi may use."""

from __future__ import annotations

from collections.abc import Mapping

from dai_nifi.drivers import postgresql
from dai_nifi.errors import UsageError
from dai_nifi.flows.batch import database, database_parameters, files
from dai_nifi.flows.common import Template
from dai_nifi.operations.requirements import database as database_requirements
from dai_nifi.operations.requirements import folders
from dai_scoring.progress import Progress

Values = Mapping[str, str | None]
"""The values of a flow's parameters."""


def supply(template: Template, values: Values, progress: Progress) -> Mapping[str, str]:
    """Values of parameters that were not given; raises UsageError if one is needed and cannot be supplied."""
    if template.name != database_parameters.NAME or values.get(database_parameters.DRIVER):
        return {}
    if (values.get(database_parameters.URL) or "").startswith(postgresql.URL):
        return {database_parameters.DRIVER: str(postgresql.resolve(progress))}
    raise UsageError(
        "Only PostgreSQL's driver is fetched automatically. For this database give "
        f"--param {database_parameters.DRIVER}=FILE.jar, --param {database_parameters.DRIVER_CLASS}=CLASS and "
        f"--param {database_parameters.TYPE}=TYPE."
    )


def needs_check(template: Template) -> bool:
    """Whether check() has anything to check for this template."""
    return template.name == database_parameters.NAME


def check(template: Template, group: str, values: Values, timeout: float) -> None:
    """Raise InvalidFlowError if NiFi does not get what the flow in this process group needs; before it is started."""
    if template.name == database_parameters.NAME:
        database_requirements.check(group, database.POOL, database_parameters.statements(values), timeout)


def check_dry_run(template: Template, group: str, values: Values, timeout: float) -> None:
    """Raise InvalidFlowError for what a deployment would show as soon as it is started, which a dry run does not."""
    check(template, group, values, timeout)
    if template.name == files.NAME:
        folders.check_input(group, files.INPUT, values[files.INPUT] or "", timeout)
        outputs = {name: values[name] or "" for name in (files.OUTPUT, files.REJECTED, files.FAILED)}
        folders.check_outputs(group, outputs, timeout)
