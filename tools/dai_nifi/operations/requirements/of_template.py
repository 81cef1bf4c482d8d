"""What some templates need outside of their flow: a driver, tables of a database, a folder that NiFi may use."""

from __future__ import annotations

from collections.abc import Mapping

from dai_nifi.drivers import postgresql
from dai_nifi.errors import UsageError
from dai_nifi.flows.batch import database as batch_database
from dai_nifi.flows.batch import files as batch_files
from dai_nifi.flows.common import Template
from dai_nifi.operations.requirements import database, folders
from dai_nifi.progress import Progress

Values = Mapping[str, str | None]
"""The values of a flow's parameters."""


def supply(template: Template, values: Values, progress: Progress) -> Mapping[str, str]:
    """Values of parameters that nobody gave; raises UsageError if there is none for one that is needed."""
    if template.name != batch_database.NAME or values.get(batch_database.DRIVER):
        return {}
    if (values.get(batch_database.URL) or "").startswith(postgresql.URL):
        return {batch_database.DRIVER: str(postgresql.resolve(progress))}
    raise UsageError(
        "Only PostgreSQL's driver is fetched by itself. For this database give "
        f"--param {batch_database.DRIVER}=FILE.jar, --param {batch_database.DRIVER_CLASS}=CLASS and "
        f"--param {batch_database.TYPE}=TYPE."
    )


def needs_check(template: Template) -> bool:
    """Whether check() looks at anything for this template."""
    return template.name == batch_database.NAME


def check(template: Template, group: str, values: Values, timeout: float) -> None:
    """Raise InvalidFlowError if NiFi does not get what the flow in this process group needs; before it is started."""
    if template.name == batch_database.NAME:
        database.check(group, batch_database.POOL, batch_database.statements(values), timeout)


def check_dry_run(template: Template, group: str, values: Values, timeout: float) -> None:
    """Raise InvalidFlowError for what a deployment would show as soon as it is started, which a dry run does not."""
    check(template, group, values, timeout)
    if template.name == batch_files.NAME:
        folders.check(group, batch_files.INPUT, values[batch_files.INPUT] or "", timeout)
