"""The NiFi that is measured: a new one with the archives of this checkout, ended when its context is left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import nipyapi

from dai_nifi.archives import archive
from dai_nifi.archives.build import build
from dai_nifi.archives.dependencies import running_python
from dai_nifi.archives.install import install
from dai_nifi.archives.spec import SPECS
from dai_nifi.client.connection import connect
from dai_nifi.local.instance import LocalNiFi
from tests.benchmarks import canvas

PROCESSORS = Path(__file__).parent / "processors"


def runtimes() -> tuple[str, ...]:
    """Those that can be had on this machine; whoever runs the benchmark accepts H2O's licences."""
    return tuple(
        name
        for name, spec in SPECS.items()
        if spec.reason_not_buildable(accept_h2o_licence=True, python=running_python()) is None
    )


@contextmanager
def nifi(
    folder: Path,
    wanted: Iterable[str],
    comparisons: Sequence[str],
    properties: Mapping[str, str],
    say: Callable[[str], None],
) -> Iterator[LocalNiFi]:
    """A running NiFi with the processors of these runtimes and those of the folder ``processors``."""
    say("Building the archives and starting a NiFi ...")
    built = {name: build(name, folder / "nars", quiet, accept_h2o_licence=True).path for name in wanted}
    others = [_comparisons(tuple(comparisons), built.get("java"), folder / "nars")] if comparisons else []
    local = LocalNiFi(folder / "nifi")
    try:
        connect(local.start(0, properties=properties, heap="2g").url)
        for path in (*built.values(), *others):
            install(path, quiet)
        expected = {*(SPECS[name].processor for name in built), *comparisons}
        canvas.until(lambda: expected <= {t.type for t in nipyapi.canvas.list_all_processor_types().processor_types})
        yield local
    finally:
        local.stop()


def _comparisons(names: tuple[str, ...], java: Path | None, folder: Path) -> Path:
    """An archive of the processors that are compared with; they may use what the archive for Java holds."""
    folder.mkdir(parents=True, exist_ok=True)
    entries: dict[str, Path | bytes] = {f"{name}.py": PROCESSORS / f"{name}.py" for name in names}
    if java is not None:
        entries |= canvas.bundled(java)
    target = folder / "bench-comparisons.nar"
    archive.write(target, archive.manifest("org.apache.nifi", "bench-comparisons-nar", canvas.VERSION), entries)
    return target


def quiet(what: str, share: float | None = None) -> None:
    """No progress: a benchmark has its own."""
