"""The Java virtual machine inside this process: the only module that imports jpype.

There is one virtual machine a process, and it starts once: the first model decides its options. Jars may be
added later, but classes that were loaded stay loaded.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dai_scoring.errors import ModelError, RuntimeMissingError

logger = logging.getLogger(__name__)

DEFAULT_JVM_OPTIONS = ("-Xmx768m", "-XX:+UseSerialGC")
"""Serial collection holds less memory than the default collectors and is as fast on short-lived frames."""

# Up to so many strings cross one by one: lending Java the memory of more takes as long as crossing with these.
_FEW = 16
_BUNDLED = Path(__file__).resolve().parent.parent / "jars"
_lock = threading.Lock()
_properties_lock = threading.Lock()
_started_with: tuple[str, ...] | None = None
_OPTION = "JVM Options"
_OF_NO_USE = ("Error: Could not create the Java", "Error: A fatal exception", "Error occurred during init")
_JAVA_NAME = re.compile(r"\b[a-z_]\w*(\.[a-z_]\w*)+\.[A-Z]\w*")


def open_jars(extra: Sequence[Path] = ()) -> list[Path]:
    """The helper's and h2o-genmodel's jars: bundled beside this package, or in one of the ``extra`` folders."""
    return _jars_of((_BUNDLED / "open", *(folder / "open" for folder in extra)))


def mojo2_jars(explicit: Path | None, extra: Sequence[Path] = ()) -> list[Path]:
    """The jars of Driverless AI's MOJO runtime; an ``explicit`` folder of jars (or one jar) comes first."""
    if explicit is not None:
        found = [explicit] if explicit.suffix == ".jar" else sorted(explicit.glob("*.jar"))
        if not any("mojo2-runtime" in jar.name for jar in found):
            raise RuntimeMissingError(
                f"no mojo2-runtime jar in {explicit}. Put mojo2-runtime-impl and mojo2-runtime-api (or H2O's "
                "mojo2-runtime.jar) there, or leave MOJO Runtime empty to use a bundled one.",
                "MOJO Runtime",
            )
        return found
    return _jars_of((_BUNDLED / "mojo2", *(folder / "mojo2" for folder in extra)))


def _jars_of(folders: Sequence[Path]) -> list[Path]:
    for folder in folders:
        if found := sorted(folder.glob("*.jar")):
            return found
    return []


def start(jars: Sequence[Path], options: Sequence[str] = (), java_home: Path | None = None) -> None:
    """Start the virtual machine, or add jars to the one that runs.

    ``java_home`` is the Java to use; without it JAVA_HOME and the platform's usual places are looked at.
    Raises RuntimeMissingError where there is no Java, or it refuses an option.
    """
    global _started_with
    try:
        import jpype
    except ImportError as error:
        raise RuntimeMissingError(
            "the package jpype1 is not installed; install nifi-dai-scoring with its extra 'java'"
        ) from error
    wanted = tuple(options) or DEFAULT_JVM_OPTIONS
    with _lock:
        if jpype.isJVMStarted():
            for jar in jars:
                jpype.addClassPath(str(jar))
            if _started_with is not None and wanted != _started_with:
                logger.warning(
                    "The Java virtual machine of this process already runs with other options; "
                    "JVM Options take effect when the process restarts."
                )
            adopt_thread()
            return
        library = _library(jpype, java_home)
        arguments = [*_needed_options(library), *wanted]
        if wanted != DEFAULT_JVM_OPTIONS:
            _try_out(library, arguments)
        try:
            _boot(jpype, library, arguments, jars)
        except (OSError, jpype.JException, ValueError, TypeError, RuntimeError) as error:
            raise RuntimeMissingError(
                f"the Java virtual machine at {library} does not start with the JVM Options {' '.join(wanted)}. Check "
                "that this Java knows each of them, and that the machine has the memory that -Xmx asks for.",
                _OPTION,
            ) from error
        _started_with = wanted
    adopt_thread()


def _try_out(library: str, arguments: Sequence[str]) -> None:
    """Raise RuntimeMissingError where Java refuses the options: of some it ends the process, as of too large a heap."""
    java = Path(library).parents[2] / "bin" / "java"
    if not java.is_file():
        return
    try:
        done = subprocess.run(
            [str(java), *arguments, "-version"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return
    if done.returncode:
        lines = [line for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
        said = next((line for line in lines if not line.startswith(_OF_NO_USE)), "it does not say why").rstrip(". ")
        raise RuntimeMissingError(
            f"Java does not start with these options: {said}. Set JVM Options to those that {java} takes, and -Xmx to "
            "less memory than the machine has.",
            _OPTION,
        )


def _boot(jpype: Any, library: str, arguments: Sequence[str], jars: Sequence[Path]) -> None:
    """Start Java from a thread that lets go of it at once.

    The thread that starts Java counts as a user of it, and Java ends only after its users did. A thread of
    NiFi's bridge or of a pool ends without a word to Java, and the process would wait for it for ever.
    """
    failures: list[Exception] = []

    def boot() -> None:
        try:
            jpype.startJVM(
                *arguments,
                jvmpath=library,
                classpath=[str(j) for j in jars],
                convertStrings=False,
                interrupt=False,
            )
        except Exception as error:  # noqa: BLE001 - handed over: it is raised in the caller's thread
            failures.append(error)
        finally:
            # Also where ctrl-C has cut the start off: Java is there then.
            if jpype.isJVMStarted():
                jpype.java.lang.Thread.detach()

    thread = threading.Thread(target=boot, name="dai-scoring-java")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def _library(jpype: Any, java_home: Path | None) -> str:
    homes = [java_home] if java_home else []
    if "JAVA_HOME" in os.environ:
        homes.append(Path(os.environ["JAVA_HOME"]))
    for home in homes:
        for place in ("lib/server/libjvm.so", "lib/server/libjvm.dylib", "bin/server/jvm.dll"):
            if (home / place).is_file():
                return str(home / place)
    try:
        return str(jpype.getDefaultJVMPath())
    except (jpype.JVMNotFoundException, OSError, ValueError) as error:
        raise RuntimeMissingError("no Java found: install a JDK, or set JAVA_HOME to one") from error


def _needed_options(library: str) -> list[str]:
    """Options that the runtimes need, as far as this Java knows them (an unknown one stops it)."""
    home = Path(library).parents[2]
    release = home / "release"
    text = release.read_text(encoding="utf-8") if release.is_file() else ""
    found = re.search(r'JAVA_VERSION="(\d+)', text)
    version = int(found.group(1)) if found else 11
    options = []
    if version >= 9:
        # mojo2 reads fields of java.lang classes by reflection.
        options.append("--add-opens=java.base/java.lang=ALL-UNNAMED")
    if version >= 22:
        options.append("--enable-native-access=ALL-UNNAMED")
    if version >= 24:
        # The MOJO runtime's protobuf library; without this Java warns on standard error.
        options.append("--sun-misc-unsafe-memory-access=allow")
    return options


def adopt_thread() -> None:
    """Give this thread the class loader that has the jars; one that Python started has none in Java's eyes.

    The runtimes look for licences and extensions through it, and fail with a NullPointerException without.
    """
    import jpype

    jpype.java.lang.Thread.currentThread().setContextClassLoader(jpype.java.lang.ClassLoader.getSystemClassLoader())


def java_class(name: str) -> Any:
    """The Java class of that full name; RuntimeMissingError where no jar has it."""
    import jpype

    try:
        return jpype.JClass(name)
    except TypeError as error:
        raise RuntimeMissingError(f"the Java class {name} is in none of the runtime's jars") from error


@contextmanager
def properties(values: Mapping[str, str | None]) -> Iterator[None]:
    """Set Java system properties for a while, and as they were afterwards; None leaves one unset.

    They are of the whole process, which models of several owners may share: one caller at a time.
    """
    system = java_class("java.lang.System")

    def put(wanted: Mapping[str, Any]) -> None:
        for name, value in wanted.items():
            if value is None:
                system.clearProperty(name)
            else:
                system.setProperty(name, value)

    with _properties_lock:
        before = {name: system.getProperty(name) for name in values}
        put({name: before[name] if value is None else value for name, value in values.items()})
        try:
            yield
        finally:
            put(before)


def java_exception() -> type[BaseException]:
    """The base class of Java exceptions as Python sees them, for ``except`` clauses."""
    import jpype

    exception: type[BaseException] = jpype.JException
    return exception


def class_name(error: BaseException) -> str:
    """The full Java class name of a Java exception."""
    return str(type(error).class_.getName())  # type: ignore[attr-defined]


def check_memory(error: BaseException, path: Path) -> None:
    """Raise ModelError where Java had not enough memory to load a model; ``error`` is a Java exception."""
    if class_name(error) == "java.lang.OutOfMemoryError":
        raise ModelError(
            f"{path} does not fit into the memory of the Java virtual machine. Set a larger -Xmx in JVM Options, such "
            f"as -Xmx4g; now they are {' '.join(_started_with or ())}. That takes effect when the Python process of "
            "the processor is started anew, as with NiFi.",
            _OPTION,
        ) from error


def said(error: BaseException) -> str:
    """What a Java exception says, to end a sentence with: its message's first line, without names of Java classes.

    The rest is advice for Java programs; the exception itself is the cause of the error that is raised of it.
    """
    text = str(error.getMessage() or "") if hasattr(error, "getMessage") else str(error)
    line = (text.strip().splitlines() or [""])[0].rstrip(". ")
    return f" (it says: {line})" if line and not _JAVA_NAME.search(line) else ""


def double_arrays(columns: Sequence[npt.NDArray[np.float64]]) -> Any:
    """Columns as ``double[][]``, copied."""
    import jpype

    one = jpype.JArray(jpype.JDouble)
    return jpype.JArray(one)([one(np.ascontiguousarray(c)) for c in columns])


def string_array(length: int) -> Any:
    """A new ``String[]`` full of nulls."""
    import jpype

    return jpype.JArray(jpype.JString)(length)


def array_of(java_type: Any, values: Sequence[Any]) -> Any:
    """A new Java array of ``java_type``."""
    import jpype

    return jpype.JArray(java_type)(list(values))


def fill_strings(target: Any, values: pa.StringArray) -> None:
    """Copy an Arrow string array into a ``String[]`` of the same length; nulls stay null."""
    if len(values) <= _FEW:
        target[:] = values.to_pylist()
        return
    validity, offsets, data = values.buffers()
    java_class("daiscoring.Columns").strings(
        target,
        lent(data),
        lent(offsets),
        None if validity is None or values.null_count == 0 else lent(validity),
        values.offset,
    )


def lent(buffer: pa.Buffer | None) -> Any:
    """A buffer's memory as a direct ``ByteBuffer``, for as long as the caller keeps the buffer."""
    import jpype

    if buffer is None or buffer.size == 0:
        return jpype.nio.convertToDirectBuffer(memoryview(bytearray(8)))
    # Arrow's are marked read-only, which JPype refuses.
    return jpype.nio.convertToDirectBuffer(np.asarray(_Lent(buffer)).data)


class _Lent:
    """An Arrow buffer's memory for numpy, not marked read-only; Java reads it only. Keeps the buffer alive."""

    def __init__(self, buffer: pa.Buffer) -> None:
        self.buffer = buffer
        self.__array_interface__ = {
            "shape": (buffer.size,),
            "typestr": "|u1",
            "data": (buffer.address, False),
            "version": 3,
        }


def strings_to_arrow(source: Any) -> pa.Array:
    """A ``String[]`` as an Arrow string array."""
    return pa.array([None if s is None else str(s) for s in source], pa.string())


def fill_times(target: Any, millis: npt.NDArray[np.int64], present: npt.NDArray[np.bool_]) -> None:
    """Fill an array of a Java time type from milliseconds since 1970; absent ones stay null."""
    import jpype

    java_class("daiscoring.Columns").times(
        target,
        target.getClass().getComponentType(),
        jpype.JArray(jpype.JLong)(millis),
        jpype.JArray(jpype.JBoolean)(present),
    )


def strings(values: Sequence[str]) -> Any:
    """A ``String[]`` of these texts."""
    import jpype

    return jpype.JArray(jpype.JString)(list(values))


def nested_array(element: str, arrays: Sequence[Any]) -> Any:
    """A ``double[][]`` or ``String[][]`` (``element`` "double" or "string") of Java arrays; None is null."""
    import jpype

    one = jpype.JArray({"double": jpype.JDouble, "string": jpype.JString}[element])
    return jpype.JArray(one)(list(arrays))
