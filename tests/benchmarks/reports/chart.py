"""The chart in docs/: rows a second by size of FlowFile for each format, beside the bare runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot
from matplotlib.axes import Axes

from tests.benchmarks import bare

_TITLES = {
    ("java", "narrow"): "ScoreJavaMojo, Driverless AI MOJO, 6 columns",
    ("cpp", "narrow"): "ScoreCppMojo, the same MOJO",
    ("python", "narrow"): "ScorePythonPipeline, 1,000 trees, 6 columns",
    ("java", "wide"): "ScoreJavaMojo, H2O-3 GBM, 200 columns",
}


def draw(figures: dict[str, Any], folder: Path) -> list[Path]:
    """Write performance.svg and performance.png; one panel a runtime and model, one task."""
    mpl.rcParams.update({"svg.hashsalt": "performance", "font.size": 9, "svg.fonttype": "none"})
    lines = [key for key in _TITLES if any((one["runtime"], one["model"]) == key for one in figures["cells"])]
    figure, axes = pyplot.subplots(1, len(lines), figsize=(4.2 * len(lines), 4), squeeze=False, layout="constrained")
    for axis, key in zip(axes[0], lines, strict=True):
        _panel(axis, [one for one in figures["cells"] if (one["runtime"], one["model"]) == key and one["tasks"] == 1])
        axis.set_title(_TITLES[key], fontsize=10)
    axes[0][0].set_ylabel("rows/s, one task")
    written = [folder / f"performance.{kind}" for kind in ("svg", "png")]
    figure.savefig(written[0], metadata={"Date": None})
    figure.savefig(written[1], dpi=120)
    pyplot.close(figure)
    return written


def _panel(axis: Axes, cells: list[dict[str, Any]]) -> None:
    alone: dict[int, float] = {}
    for one in cells:
        for name in bare.NAMES.values():
            if name in one["compared"]:
                alone[one["rows"]] = one["compared"][name]["median"]
    axis.plot(sorted(alone), [alone[rows] for rows in sorted(alone)], "k--", label="the runtime alone")
    for kind in dict.fromkeys(one["format"] for one in cells):
        points = sorted((one["rows"], one["rows_a_second"]["median"]) for one in cells if one["format"] == kind)
        axis.plot(*zip(*points, strict=True), marker="o", markersize=4, label=kind)
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlabel("rows in a FlowFile")
    axis.grid(alpha=0.3)
    axis.legend(fontsize=7)
