"""NiFi's side of the three processors: an adapter of the library's service.

``processing`` is what a processor does with FlowFiles, ``lifecycle`` how it is validated, started and stopped, and
``settings`` reads its properties. The folders have one job each; see their docstrings.
"""

from __future__ import annotations

from dai_nifi_protocol import CACHE
from dai_scoring.provision import cache
from dai_scoring_nifi.reporting import canvas_words  # noqa: F401 - gives the library's errors the names of the canvas

cache.named_by(CACHE)
