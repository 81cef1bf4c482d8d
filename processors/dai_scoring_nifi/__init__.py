"""What the three processors share: properties, contents exchange, attributes. Imports nifiapi, not the runtimes."""

from __future__ import annotations

from dai_nifi_protocol import CACHE
from dai_scoring.provision import cache
from dai_scoring_nifi.reporting import canvas_words  # noqa: F401 - errors of the library shall speak of the canvas

cache.named_by(CACHE)
