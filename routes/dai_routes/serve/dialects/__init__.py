"""What clients may say, a module a dialect: each makes a request of the service, and an answer of its response.

``tables.py`` is the form between them: columns by name in, columns of scores out.
"""

from __future__ import annotations

from dai_routes.serve.dialects import invocations, json_rpc, open_inference, records, vertex
from dai_routes.serve.dialects.base import Dialect

DIALECTS: dict[str, Dialect] = {
    one.name: one
    for one in (
        records.RECORDS,
        records.H2O,
        open_inference.DIALECT,
        invocations.DIALECT,
        vertex.DIALECT,
        json_rpc.DIALECT,
    )
}
"""All dialects, by the names that ``--dialects`` has."""
