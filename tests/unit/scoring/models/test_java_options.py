"""What Java says of options that it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from dai_scoring.errors import OptionError, RuntimeMissingError
from dai_scoring.runtimes import java_options

# As Java 25 prints it where -Xms asks for more memory than there is.
REPORT = """#
# There is insufficient memory for the Java Runtime Environment to continue.
# Native memory allocation (mmap) failed to map 68719476736 bytes. Error detail: committing reserved memory.
"""


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        (REPORT, "options: There is insufficient memory for the Java Runtime Environment to continue. Set"),
        (
            "Error: Could not create the Java Virtual Machine.\nUnrecognized option: -x\n",
            "options: Unrecognized option",
        ),
        ("", "it does not say why"),
    ],
)
def test_the_reason_is_the_first_line_that_says_something(tmp_path: Path, printed: str, said: str) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\ncat <<'END'\n{printed}END\nexit 1\n")
    java.chmod(0o755)
    with pytest.raises(RuntimeMissingError, match=said):
        java_options.try_out(str(tmp_path / "lib" / "server" / "libjvm.so"), ["-Xms64g"])


@pytest.mark.parametrize("word", ["hello", "-version", "--show-version", "-X", "-cp", "--class-path=a.jar", "-jar"])
def test_words_that_the_command_java_would_take_are_refused(word: str) -> None:
    with pytest.raises(OptionError, match=word):
        java_options.check(["-Xmx1g", word])


def test_options_of_a_java_that_scores_are_taken() -> None:
    taken = ["-Xmx1g", "-XX:+UseSerialGC", "-Dversion=1", "--add-opens=java.base/java.lang=ALL-UNNAMED", "-ea"]
    # The only one that is refused is the last.
    with pytest.raises(OptionError, match=r"^-jar is "):
        java_options.check([*taken, "-jar"])
