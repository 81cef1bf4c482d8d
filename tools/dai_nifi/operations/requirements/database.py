"""Asking a database, through the connection pool of a flow, whether it has what the flow uses.

NiFi reaches the database, and the machine that deploys may not. So a processor of NiFi asks.
"""

from __future__ import annotations

from collections.abc import Mapping

from dai_nifi.errors import InvalidFlowError
from dai_nifi.operations.canvas import controller_services, properties
from dai_nifi.operations.requirements import probe

TYPE = "org.apache.nifi.processors.standard.ExecuteSQL"

POOL = "Database Connection Pooling Service"
QUERY = "SQL Query"
# The answer is Avro, which does not allow every name that a column can have.
NORMALIZE = "dbf-normalize"


def check(group: str, pool: str, wanted: Mapping[str, str], timeout: float) -> None:
    """Run statements that change nothing, named by what they look for; raises InvalidFlowError for those that fail."""
    (service,) = (one.id for one in controller_services.of_group(group) if one.component.name == pool)
    with probe.temporary_processor(group, TYPE, ("success", "failure")) as processor:
        properties.set_of_processor(processor, {POOL: service, QUERY: "SELECT 1", NORMALIZE: "true"})
        for what, statement in wanted.items():
            error = probe.run_once(processor, {QUERY: statement}, timeout)
            if error is not None:
                raise InvalidFlowError(
                    f"The database does not give what the flow needs, {what}:\n  {error}\n"
                    "Fix that and deploy again under the same name."
                )
