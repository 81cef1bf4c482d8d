"""The dialects of clients, one module each. A dialect converts a client's request to the service's, and answers back.

``tables.py`` has what they share: columns by name in, columns of scores out.
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
"""All dialects, by their names in ``--dialects``."""
