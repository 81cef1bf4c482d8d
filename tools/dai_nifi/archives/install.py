"""Archives in a NiFi: installed, listed and removed by NiFi's NAR manager."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dai_nifi.archives import archive, processors_in_use
from dai_nifi.archives.spec import SPECS
from dai_nifi.client import api, nifi_messages
from dai_nifi.client.errors import prefixed
from dai_nifi.errors import NotFoundError, ToolError
from dai_nifi.waiting import wait_until
from dai_scoring.progress import Progress

_OURS = frozenset(spec.id for spec in SPECS.values())
_PAUSE = 0.3

# An archive that NiFi cannot read stays Installing for ever; one of ours takes it some seconds.
_UNDER_WAY = ("Waiting To Install", "Installing")
_INSTALLED_SECONDS = 20.0
_REMOVED_SECONDS = 60.0

# NiFi 2.3 may give a new processor the Python process of the old one while it ends that process. Then the archive or
# the processor may fail; another upload makes all of them once more.
_UPLOADS = 5


@dataclass(frozen=True)
class InstalledNar:
    """An archive in a NiFi's NAR manager; ``state`` is NiFi's own, ``Installed`` if it can be used."""

    identifier: str
    group: str
    name: str
    version: str
    state: str
    processors: tuple[str, ...] = ()
    already: bool = False
    problem: str | None = None
    """Why NiFi could not install it."""

    @property
    def installed(self) -> bool:
        """Whether it can be used."""
        return self.state == "Installed" and self.problem is None


def list_nars(everything: bool = False) -> list[InstalledNar]:
    """The archives that were uploaded to the connected NiFi: this project's, or all of them."""
    with prefixed("cannot list the NARs"):
        entities = api.controller.get_nar_summaries().nar_summaries or []
    found = [_described(entity.nar_summary) for entity in entities]
    return sorted((nar for nar in found if everything or nar.name in _OURS), key=lambda nar: (nar.name, nar.version))


def list_when_installed() -> list[InstalledNar]:
    """All archives, after NiFi has had time to install them: one that is not installed then never will be."""
    wait_until(
        lambda: not any(nar.state in _UNDER_WAY for nar in list_nars(everything=True)),
        _INSTALLED_SECONDS,
        pause=_PAUSE,
    )
    return list_nars(everything=True)


def install(path: Path, progress: Progress, timeout: float = 180.0) -> InstalledNar:
    """Upload an archive and wait until its processors can be placed.

    The same bytes again change nothing. Another archive of the same name and version is replaced: NiFi stops
    its processors for that moment and starts them with the new code. Those on the canvas are waited for.

    Raises ToolError if NiFi does not get the archive or its processors to run, NotFoundError without an archive,
    UsageError if the file is not an archive.
    """
    about = archive.read_manifest(path)
    name, version = about["Nar-Id"], about["Nar-Version"]
    content = path.read_bytes()
    kinds = _processors_of(name)
    before: list[Any] = []
    for present in list_nars(everything=True):
        if (present.name, present.version) == (name, version):
            if _digest_of(present.identifier) == hashlib.sha256(content).hexdigest() and present.state == "Installed":
                return _with_processors(present, already=True)
            before = processors_in_use.of(kinds, version)
            progress(f"replacing {name} {version}", None)
    for _ in range(_UPLOADS):
        progress(f"uploading {path.name}", None)
        with prefixed(f"NiFi refuses {path.name}"):
            uploaded = api.controller.upload_nar(body=content, filename=path.name)
        try:
            done = _wait(uploaded.nar_summary.identifier, progress, timeout)
        except ToolError as error:
            if before and nifi_messages.is_bridge_failure(error.answer or ""):
                continue
            raise
        if not before:
            return done
        if processors_in_use.are_loaded(kinds, version, progress):
            processors_in_use.restart(before, kinds, version, progress)
            return done
    raise ToolError(
        f"NiFi could not start all processors of {name} {version} with the new code. Restart NiFi; its log "
        "(nifi-app.log) says why, if that does not help."
    )


def remove(name: str, progress: Progress, version: str | None = None, force: bool = False) -> list[InstalledNar]:
    """Remove an archive by its name (or its processor's), in one version or all; ``force`` if it is in use."""
    wanted = {spec.processor: spec.id for spec in SPECS.values()}.get(name, name)
    present = list_nars(everything=True)
    found = [nar for nar in present if nar.name == wanted and version in (None, nar.version)]
    if not found:
        names = ", ".join(f"{nar.name} {nar.version}" for nar in present) or "none"
        raise NotFoundError(
            f"there is no NAR {name}{' ' + version if version else ''} in this NiFi; there are: {names}"
        )
    for nar in found:
        progress(f"removing {nar.name} {nar.version}", None)
        with prefixed(f"cannot remove {nar.name} {nar.version} (--force removes it from under its processors)"):
            api.controller.delete_nar(id=nar.identifier, force=force)
        _wait_until_gone(nar)
    return found


def _wait_until_gone(nar: InstalledNar) -> None:
    wait_until(
        lambda: all(one.identifier != nar.identifier for one in list_nars(everything=True)),
        _REMOVED_SECONDS,
        lambda: ToolError(f"NiFi did not finish with {nar.name} in {_REMOVED_SECONDS:.0f} s; its log says why"),
        pause=_PAUSE,
    )


def _wait(identifier: str, progress: Progress, timeout: float) -> InstalledNar:
    """Wait until NiFi has installed an archive and its processors can be placed."""

    def installed() -> InstalledNar | None:
        with prefixed("cannot see how the installation goes"):
            summary = api.controller.get_nar_summary(id=identifier).nar_summary
        if summary.failure_message or str(summary.state).lower() == "failed":
            error = ToolError(f"NiFi could not install {summary.coordinate.artifact}: {summary.failure_message}")
            error.answer = summary.failure_message
            raise error
        nar = _described(summary)
        # In a cluster one node may have it while another still installs it.
        if summary.install_complete and not nar.installed and nar.state not in _UNDER_WAY:
            raise ToolError(f"NiFi could not install {nar.name}: {nar.state}")
        if summary.install_complete and nar.installed:
            found = _with_processors(nar)
            known = {one.type for one in api.flow.get_processor_types().processor_types}
            # NiFi reads the Python modules after it calls the archive installed.
            if not found.processors or not known.isdisjoint(found.processors):
                return found
        progress(f"installing: {summary.state}", None)
        return None

    return wait_until(
        installed,
        timeout,
        lambda: ToolError(f"NiFi did not install the archive in {timeout:.0f} s; its log (nifi-app.log) says why"),
        pause=_PAUSE,
    )


def _described(summary: Any) -> InstalledNar:
    coordinate = summary.coordinate
    return InstalledNar(
        summary.identifier,
        coordinate.group,
        coordinate.artifact,
        coordinate.version,
        str(summary.state),
        problem=summary.failure_message or None,
    )


def _with_processors(nar: InstalledNar, already: bool = False) -> InstalledNar:
    return replace(nar, processors=_processors_of(nar.name), already=already)


def _processors_of(name: str) -> tuple[str, ...]:
    return tuple(spec.processor for spec in SPECS.values() if spec.id == name)


def _digest_of(identifier: str) -> str | None:
    """The NAR manager gives no digest with its summaries, but the archive's bytes themselves."""
    try:
        content = api.extensions.download_nar(identifier)
    except ValueError:
        return None
    except ToolError as error:
        if error.status is None:
            raise
        return None
    return hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else None
