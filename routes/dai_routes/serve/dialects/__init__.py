"""What clients may say, a module a dialect: each makes a request of the service, and an answer of its response."""

from __future__ import annotations

from dai_routes.serve.dialects import records
from dai_routes.serve.dialects.base import Dialect

DIALECTS: dict[str, Dialect] = {one.name: one for one in (records.RECORDS, records.H2O)}
"""All dialects, by the names that ``--dialects`` has."""
