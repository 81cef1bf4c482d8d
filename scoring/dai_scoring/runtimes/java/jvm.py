"""The Java virtual machine inside this process: only this module and :mod:`.java_arrays` import jpype.

There is one virtual machine a process, and it starts once: the first model decides its options. Jars may be
added later, but classes that were loaded stay loaded, and do not see those of the later jars.
"""

from __future__ import annotations

import importlib.util
import logging
import re
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dai_scoring import extras
from dai_scoring.errors import ModelError, PrerequisiteError, RuntimeMissingError
from dai_scoring.runtimes.java import java_options
from dai_scoring.runtimes.java.interrupts import held_back

logger = logging.getLogger(__name__)

DEFAULT_JVM_OPTIONS = ("-Xmx768m", "-XX:+UseSerialGC")
"""Serial collection holds less memory than the default collectors and is as fast on short-lived frames."""

_lock = threading.Lock()
_properties_lock = threading.Lock()
_jars: set[Path] = set()
# Those among them that came after the start.
_late: list[Path] = []
_boot_thread: threading.Thread | None = None
_started_with: tuple[str, ...] | None = None
_INCOMPLETE = frozenset({"NoClassDefFoundError", "ClassNotFoundException", "NoSuchMethodError", "NoSuchFieldError"})
_NO_EXTENSION = "jar dependency of the extension"
_JAVA_NAME = re.compile(r"\b[a-z_]\w*(\.[a-z_]\w*)+\.[A-Z]\w*")


@held_back()
def start(jars: Sequence[Path], options: Sequence[str] = (), java_home: Path | None = None) -> None:
    """Start the Java at ``java_home``, or add jars to the virtual machine that runs.

    Raises RuntimeMissingError if there is no Java at this place, or it refuses an option.
    """
    global _started_with
    check_installed()
    import jpype

    wanted = tuple(options) or DEFAULT_JVM_OPTIONS
    java_options.check(wanted)
    with _lock:
        if _boot_thread is not None:
            _boot_thread.join()
        if jpype.isJVMStarted():
            for jar in jars:
                if jar not in _jars:
                    jpype.addClassPath(str(jar))
                    _late.append(jar)
                    _jars.add(jar)
            if _started_with is not None and wanted != _started_with:
                logger.warning(
                    "The Java virtual machine of this process already runs with other options; "
                    "those of this model take effect when the process restarts."
                )
            adopt_thread()
            return
        library = _library(java_home)
        arguments = [*java_options.needed(library), *wanted]
        if wanted != DEFAULT_JVM_OPTIONS:
            java_options.try_out(library, arguments)
        _jars.clear()
        _jars.update(jars)
        try:
            _boot(jpype, library, arguments, jars)
        except (OSError, jpype.JException, ValueError, TypeError, RuntimeError) as error:
            raise RuntimeMissingError(
                f"the Java virtual machine at {library} does not start with these options: {' '.join(wanted)}.",
                java_options.OPTION,
                advice=(
                    "Check in {jvm_options} that this Java knows each of them, and that the machine has the memory "
                    "that -Xmx asks for.",
                ),
            ) from error
        _started_with = wanted
    adopt_thread()


def check_installed() -> None:
    """Raise PrerequisiteError if jpype is not installed."""
    if importlib.util.find_spec("jpype") is None:
        raise PrerequisiteError(extras.sentence("jpype1", "java"))


def is_started() -> bool:
    """Whether this module has started Java in this process."""
    return _started_with is not None


def out_of_date(options: Sequence[str], jars: Sequence[Path]) -> tuple[bool, bool]:
    """Whether the options, and the jars, are others than this process's Java was started with.

    Nothing is while no Java runs, or while it is another's in this process.
    """
    with _lock:
        if _started_with is None:
            return False, False
        return (tuple(options) or DEFAULT_JVM_OPTIONS) != _started_with, not _jars.difference(_late).issuperset(jars)


def _boot(jpype: Any, library: str, arguments: Sequence[str], jars: Sequence[Path]) -> None:
    """Start Java from a thread that detaches from it at once.

    The thread that starts Java counts as a user of it, and Java ends only after its users did. A thread of
    a bridge or of a pool ends without a word to Java, and the process would wait for it for ever.

    Where a signal interrupts the wait, Java goes on starting: whoever asks next waits for that.
    """
    global _boot_thread
    failures: list[Exception] = []

    def boot() -> None:
        try:
            with java_options.without_java_variables():
                jpype.startJVM(
                    *arguments,
                    jvmpath=library,
                    classpath=[str(j) for j in jars],
                    convertStrings=False,
                    # JPype must not pass signals to Java: Python handles them, see java_options.
                    interrupt=True,
                )
        except Exception as error:  # noqa: BLE001 - handed over: it is raised in the caller's thread
            failures.append(error)
        finally:
            if jpype.isJVMStarted():
                jpype.JClass("java.lang.Thread").detach()

    _boot_thread = threading.Thread(target=boot, name="dai-scoring-java")
    _boot_thread.start()
    _boot_thread.join()
    if failures:
        raise failures[0]


def _library(java_home: Path | None) -> str:
    found = None if java_home is None else java_options.library_of(java_home)
    if found is None:
        where = "no Java was given" if java_home is None else f"there is no Java in {java_home}"
        raise RuntimeMissingError(f"{where}: set java_home to the home folder of one.")
    return str(found)


def adopt_thread() -> None:
    """Give this thread the class loader that has the jars; one that Python started has none in Java's eyes.

    The runtimes look for licences and extensions through it, and fail with a NullPointerException without.
    """
    # By their names: for "jpype.java" all packages of Java are gone through, which takes half a second.
    thread = java_class("java.lang.Thread").currentThread()
    thread.setContextClassLoader(java_class("java.lang.ClassLoader").getSystemClassLoader())


def java_class(name: str) -> Any:
    """The Java class of that full name; RuntimeMissingError if no jar has it."""
    import jpype

    try:
        return jpype.JClass(name)
    except TypeError as error:
        raise RuntimeMissingError(f"the Java class {name} is in none of the runtime's jars") from error


def class_loader(jars: Sequence[Path]) -> Any:
    """A class loader with these jars, which sees none of the others, nor they these."""
    from dai_scoring.runtimes.java import java_arrays

    paths = java_class("java.nio.file.Paths")
    urls = [paths.get(str(jar)).toUri().toURL() for jar in jars]
    parent = java_class("java.lang.ClassLoader").getPlatformClassLoader()
    return java_class("java.net.URLClassLoader")(java_arrays.array_of(java_class("java.net.URL"), urls), parent)


def class_in(loader: Any, name: str) -> Any:
    """The Java class of that full name in a class loader; RuntimeMissingError if it is not there."""
    import jpype

    try:
        return jpype.JClass(name, loader=loader)
    except (TypeError, jpype.JException) as error:
        raise RuntimeMissingError(f"the Java class {name} is in none of the runtime's jars") from error


@contextmanager
def readable(path: Path) -> Iterator[str]:
    """The path of a file as Java finds it: in the locale C it finds no path with a letter beyond ASCII."""
    if java_class("java.io.File")(str(path)).exists():
        yield str(path)
        return
    with tempfile.TemporaryDirectory(prefix="dai-java-") as folder:
        link = Path(folder, "model")
        link.symlink_to(path.resolve())
        yield str(link)


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


def check_runtime(error: BaseException, path: Path) -> None:
    """Raise ModelError if a model was not loaded because memory or a jar is missing; ``error`` is a Java exception."""
    if class_name(error) == "java.lang.OutOfMemoryError":
        raise ModelError(
            f"{path} does not fit into the memory of the Java virtual machine, which was started with "
            f"{' '.join(_started_with or ())}.",
            java_options.OPTION,
            advice=("Set a larger -Xmx in {jvm_options}, such as -Xmx4g.",),
        ) from error
    cause: Any = error
    while cause is not None:
        kind, words = class_name(cause).rsplit(".", 1)[-1], str(cause.getMessage())
        if kind in _INCOMPLETE or _NO_EXTENSION in words:
            late = ", ".join(sorted({str(jar.parent) for jar in _late}))
            advice = (
                f"Java was started in this process for another model, and the jars of {late} came later: those "
                "from before do not see them. Give all models of a process the same jar_folders, or each a process"
                if late
                else "Add the jar that has it, and use the jars of one release only"
            )
            raise RuntimeMissingError(
                f"the Java runtime is not complete for {path}. Java says: {kind}: {words.replace('/', '.')}. {advice}."
            ) from error
        cause = cause.getCause()


def message_of(error: BaseException) -> str:
    """What a Java exception says, to end a sentence with: its message's first line, without names of Java classes.

    The rest is advice for Java programs; the exception itself is the cause of the error that is raised of it.
    """
    text = str(error.getMessage() or "") if hasattr(error, "getMessage") else str(error)
    line = (text.strip().splitlines() or [""])[0].rstrip(". ")
    return f" (it says: {line})" if line and not _JAVA_NAME.search(line) else ""
