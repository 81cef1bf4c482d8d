"""What the Java that scores is started with, besides the caller's own options, and whether Java takes them."""

from __future__ import annotations

import logging
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dai_scoring.errors import OptionError, RuntimeMissingError

logger = logging.getLogger(__name__)

OPTION = "jvm_options"

# Options that a Java reads of its environment: the first two any, the third its command alone, the last two OpenJ9.
_VARIABLES = ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "OPENJ9_JAVA_OPTIONS", "IBM_JAVA_OPTIONS")
# What the command java does itself: it prints something, or runs a program.
_OF_THE_COMMAND = re.compile(
    r"--?(?:(?:full-?|show-?)?version|help(?:-extra)?|h|\?|X|jar|cp|classpath|class-path(?:=.*)?|m|module(?:=.*)?|dry-run"
    r"|validate-modules|list-modules|d|describe-module)|-XshowSettings(?::.*)?|-Xinternalversion"
)
_OF_NO_USE = ("Error: Could not create the Java", "Error: A fatal exception", "Error occurred during init")


_LIBRARIES = ("lib/server/libjvm.so", "lib/server/libjvm.dylib", "bin/server/jvm.dll")


def library_of(home: Path) -> Path | None:
    """The shared library of the Java in a home folder; None if it has none."""
    return next((home / place for place in _LIBRARIES if (home / place).is_file()), None)


def needed(library: str) -> list[str]:
    """Options that the runtimes need, as far as this Java knows them (an unknown one stops it)."""
    home = Path(library).parents[2]
    release = home / "release"
    text = release.read_text(encoding="utf-8") if release.is_file() else ""
    found = re.search(r'JAVA_VERSION="(\d+)', text)
    version = int(found.group(1)) if found else 11
    # Signals are Python's: Java would end a Python process on SIGTERM by its own way, and crash there.
    # Of the main thread's stack Java leaves Python's libraries as much as its own threads have: with its usual megabyte
    # they crash on a value of some hundred levels.
    # The runtimes read texts in the encoding of the platform, and those of models are UTF-8, as Java 18's are anyway.
    # Most methods of a start run some hundred times. Compiling them costs more than it saves.
    options = ["-Xrs", "-Xss8m", "-Dfile.encoding=UTF-8", "-XX:CompileThresholdScaling=3"]
    if version >= 9:
        # mojo2 reads fields of java.lang classes by reflection.
        options.append("--add-opens=java.base/java.lang=ALL-UNNAMED")
    if version >= 22:
        options.append("--enable-native-access=ALL-UNNAMED")
    if version >= 24:
        # The MOJO runtime's protobuf library; without this Java warns on standard error.
        options.append("--sun-misc-unsafe-memory-access=allow")
    return options


def check(options: Sequence[str]) -> None:
    """Raise OptionError for words that are not for a Java within another program: the command java would take them."""
    for word in options:
        if not word.startswith("-"):
            raise OptionError(f"options of Java begin with -, and '{word}' does not.", OPTION)
        if _OF_THE_COMMAND.fullmatch(word):
            raise OptionError(f"{word} is for the command java alone: it starts no Java that scores.", OPTION)


def try_out(library: str, arguments: Sequence[str]) -> None:
    """Raise RuntimeMissingError where Java refuses the options: of some it ends the process, as of too large a heap."""
    java = Path(library).parents[2] / "bin" / "java"
    if not java.is_file():
        return
    try:
        done = subprocess.run(
            # Without a report of what went wrong in the present folder.
            [str(java), f"-XX:ErrorFile={os.devnull}", *arguments, "-version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            check=False,
            env=environment(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return
    if done.returncode:
        # Where memory is short it prints a report, whose lines begin with #.
        lines = [text for line in f"{done.stdout}\n{done.stderr}".splitlines() if (text := line.strip("# "))]
        said = next((line for line in lines if not line.startswith(_OF_NO_USE)), "it does not say why").rstrip(". ")
        raise RuntimeMissingError(
            f"Java does not start with these options: {said}.",
            OPTION,
            advice=(f"Set {{jvm_options}} to those that {java} takes, and -Xmx to less memory than the machine has.",),
        )


def environment() -> dict[str, str]:
    """This process's environment without options for Java: see :func:`without_java_variables`."""
    return {name: value for name, value in os.environ.items() if name not in _VARIABLES}


@contextmanager
def without_java_variables() -> Iterator[None]:
    """Take options for Java out of the environment while a second Java starts in this process.

    They are meant for a Java that stands alone. Two cannot open the same port (JMX), a heap for the other is
    too much for both, and of an agent that is not there Java ends the whole process.
    """
    found = {name: os.environ.pop(name) for name in _VARIABLES if name in os.environ}
    if found:
        logger.info(
            "The Java that scores does not use %s of the environment; it has options of its own.",
            " and ".join(found),
        )
    try:
        yield
    finally:
        os.environ.update(found)
