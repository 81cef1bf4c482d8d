"""dai-nifi score with the files that people have: packed, piped, several, in the way of each other."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from dai_nifi import cli
from dai_scoring.cli.console import Output
from dai_scoring.option_words import WORDS
from tests.support.waiting import PATIENCE

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]

ROWS = 348


@pytest.fixture
def rows(samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sample's rows in a folder of its own, which is the current one."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "rows.csv"
    file.write_bytes((samples / "penguins-rows.csv").read_bytes())
    return file


@pytest.fixture
def bad(rows: Path) -> Path:
    """One row of them that cannot be scored."""
    file = rows.with_name("bad.csv")
    header, first, *others = rows.read_text().splitlines()
    file.write_text("\n".join([header, first.replace("39.1", "long"), *others]) + "\n")
    return file


@pytest.fixture
def score(samples: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Call the command in this process; returns its exit code, its JSON document and its standard output."""

    def call(*arguments: str | Path, stdin: bytes = b"") -> tuple[int, dict, bytes]:  # type: ignore[type-arg]
        words = ["score", "-m", str(samples / "penguins.mojo"), *map(str, arguments), "--json"]
        monkeypatch.setattr(sys, "argv", ["dai-nifi", *words])
        out, err = io.TextIOWrapper(io.BytesIO()), io.StringIO()
        for name, stream in (("stdin", io.TextIOWrapper(io.BytesIO(stdin))), ("stdout", out), ("stderr", err)):
            monkeypatch.setattr(sys, name, stream)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out.flush()
        written = out.buffer.getvalue()  # type: ignore[attr-defined]
        document = err.getvalue() or written
        return int(ended.value.code or 0), json.loads(document), written

    yield call
    Output()  # the next command prints its document on standard output again


def test_standard_input_and_output(rows: Path, score) -> None:  # type: ignore[no-untyped-def]
    code, summary, out = score("-", "-", stdin=gzip.compress(rows.read_bytes()))
    assert (code, summary["scored"], summary["output"]) == (0, ROWS, "-")
    scored = list(csv.DictReader(out.decode().splitlines()))
    assert (len(scored), scored[0]["predict"]) == (ROWS, "male")


def test_gzip_in_and_out_whatever_its_name(rows: Path, score) -> None:  # type: ignore[no-untyped-def]
    packed = rows.with_name("rows.dat")
    packed.write_bytes(gzip.compress(rows.read_bytes()))
    assert score(packed, "out.json.gz")[0] == 0
    assert len(json.loads(gzip.decompress(Path("out.json.gz").read_bytes()))) == ROWS
    packed.write_bytes(packed.read_bytes()[:500])
    code, told, _ = score(packed, "half.csv")
    assert (code, "damaged or ends too early" in told["error"]["message"]) == (9, True)
    assert not Path("half.csv").exists()


def test_what_is_read_is_never_written(rows: Path, samples: Path, score) -> None:  # type: ignore[no-untyped-def]
    before = rows.read_bytes()
    os.link(rows, "hard.csv")
    Path("soft.csv").symlink_to(rows)
    Path("model.mojo").write_bytes((samples / "penguins.mojo").read_bytes())
    for out in ("rows.csv", "./rows.csv", "hard.csv", "soft.csv"):
        assert score(rows, out)[0] == 2
        assert score(rows, "out.csv", "--rejected", out)[0] == 2
    assert score(rows, "out.csv", "--rejected", "out.csv")[0] == 2
    assert score(rows, "model.mojo", "-m", "model.mojo", "--output-format", "csv")[0] == 2
    assert rows.read_bytes() == before
    assert not Path("out.csv").exists()


def test_rejected_rows_on_standard_output_are_alone_there(rows: Path, bad: Path, score) -> None:  # type: ignore[no-untyped-def]
    code, told, written = score(bad, "out.csv", "--rejected", "-")
    assert (code, told["rejected"], told["rejected_file"]) == (0, 1, "-")
    [rejected] = csv.DictReader(io.StringIO(written.decode()))
    assert rejected["_reject_value"] == "long"
    code, told, written = score(bad, "-", "--rejected", "-")
    assert (code, written) == (2, b"")
    assert told["error"]["message"].startswith("OUT and the rejected rows cannot both go to standard output")


def test_files_that_are_replaced_keep_their_permissions(rows: Path, bad: Path, score) -> None:  # type: ignore[no-untyped-def]
    private = [Path(name) for name in ("out.csv", "out.rejected.csv", "out.json.gz")]
    for file in private:
        file.touch(0o600)
    for out in ("out.csv", "out.json.gz", "new.csv"):
        score(bad, out)
    assert [file.stat().st_mode & 0o777 for file in private] == [0o600] * 3
    assert Path("new.csv").stat().st_mode == bad.stat().st_mode


def test_two_files_of_one_result_are_named(rows: Path, score) -> None:  # type: ignore[no-untyped-def]
    Path("in").mkdir()
    for name in ("a.csv", "a.csv.gz"):
        (Path("in") / name).write_bytes(rows.read_bytes())
    code, told, _ = score("in", "out")
    words = f"{Path('in', 'a.csv')} and {Path('in', 'a.csv.gz')} would both be written to {Path('out', 'a.csv')}: "
    assert (code, told["error"]["message"].startswith(words)) == (2, True)


def test_an_old_file_of_rejected_rows_goes(rows: Path, bad: Path, score) -> None:  # type: ignore[no-untyped-def]
    code, told, _ = score(bad, "out.csv", "--fail-on-rejects")
    assert (code, told["error"]["code"], told["rejected"], told["scored"]) == (14, "rejected_rows", 1, ROWS - 1)
    assert Path("out.csv").exists()
    assert told["rejected_file"] == "out.rejected.csv"
    code, told, _ = score(rows, "out.csv", "--fail-on-rejects")
    assert (code, told["removed_rejected_file"], told["rejected_file"]) == (0, "out.rejected.csv", None)
    assert not Path("out.rejected.csv").exists()


def test_bad_rows_are_kept_in_their_place(rows: Path, bad: Path, score) -> None:  # type: ignore[no-untyped-def]
    assert score(bad, "out.csv")[0] == 0
    code, told, _ = score(bad, "kept.csv", "--bad-rows", "keep")
    assert (code, told["records"], told["scored"], told["rejected"], told["rejected_file"]) == (
        0,
        ROWS,
        ROWS - 1,
        1,
        None,
    )
    first, *others = csv.DictReader(Path("kept.csv").read_text().splitlines())
    assert (first["predict"], first["bill_length_mm"]) == ("", "long")
    why = ("_reject_code", "_reject_column", "_reject_value")
    assert [first[name] for name in why] == ["not_a_number", "bill_length_mm", "long"]
    scored = list(csv.DictReader(Path("out.csv").read_text().splitlines()))
    assert others == [{**row, **dict.fromkeys(why, "")} for row in scored]
    assert score(bad, "kept.csv", "--bad-rows", "keep", "--fail-on-rejects")[0] == 14


@pytest.mark.parametrize(
    ("change", "flags", "says"),
    [
        (("species", "predict"), ["--missing-columns", "as-missing"], "--prefix"),
        (("species", "kind"), [], "--missing-columns as-missing"),
        (("39.1", "long"), ["--bad-rows", "fail"], "--bad-rows reject"),
        (("", ""), ["--output-columns", "ids", "--id-columns", "nobody"], "--id-columns"),
        (("", ""), ["--output-columns", "ids"], "--id-columns"),
        (("", ""), ["--intervals"], "--intervals"),
        (("", ""), ["--runtime", "python"], "--runtime java"),
        (("", ""), ["--licence-file", "absent.sig"], "--licence-file"),
        ((",", " "), [], "--input-format"),
    ],
)
def test_errors_name_the_flags_of_the_command(
    rows: Path,
    score,  # type: ignore[no-untyped-def]
    change: tuple[str, str],
    flags: list[str],
    says: str,
) -> None:
    wrong = rows.with_name("wrong")
    wrong.write_text(rows.read_text().replace(*change) if change[0] else rows.read_text())
    code, told, _ = score(wrong, "out.csv", *flags)
    message = told["error"]["message"]
    assert code in (2, 5, 7, 9)
    assert says in message
    names = {words.label for words in WORDS.values()} - {None, "NiFi"}
    assert not [name for name in names if name in message]


def test_a_folder_of_files(rows: Path, bad: Path, score) -> None:  # type: ignore[no-untyped-def]
    folder = Path("in")
    folder.mkdir()
    (folder / "a.csv").write_bytes(rows.read_bytes())
    (folder / "b.csv.gz").write_bytes(gzip.compress(bad.read_bytes()))
    (folder / "c.csv").write_text("x,y\n1,2\n")
    code, told, _ = score(folder, "out", "--output-format", "parquet")
    assert (code, told["error"]["code"], told["scored"], told["rejected"]) == (9, "scoring_failed", 2 * ROWS - 1, 1)
    assert [one["input"] for one in told["failed"]] == ["in/c.csv"]
    assert {one.name for one in Path("out").iterdir()} == {"a.parquet", "b.parquet", "b.rejected.parquet"}
    assert pq.read_metadata("out/a.parquet").num_rows == ROWS
    (folder / "c.csv").unlink()
    assert score(folder, "out")[0] == 0
    assert score(folder / "a.csv", rows, folder / "a.csv", "out")[0] == 2


@pytest.mark.parametrize(
    ("out", "code"),
    [("out.xyz", 2), ("out.tsv", 2), ("out.csv.zip", 2), ("out", 0), ("gone/out.csv", 5), ("OUT.CSV", 0)],
)
def test_the_suffix_decides_the_format(out: str, code: int, rows: Path, score) -> None:  # type: ignore[no-untyped-def]
    assert score(rows, out)[0] == code
    assert Path(out).exists() == (code == 0)


def test_a_pipe_is_read_and_written_through(samples: Path, rows: Path) -> None:
    os.mkfifo("pipe")
    command = [sys.executable, "-c", "from dai_nifi.__main__ import main; main()", "score", "-m"]
    model = str(samples / "penguins.mojo")
    with subprocess.Popen([*command, model, "pipe", "/dev/stdout", "--output-format", "csv"], stdout=-1) as process:
        Path("pipe").write_bytes(rows.read_bytes())
        out = process.communicate(timeout=PATIENCE)[0]
    assert (process.returncode, len(out.splitlines()) > ROWS) == (0, True)
    assert Path("pipe").is_fifo()
    with subprocess.Popen([*command, model, str(rows), "-"], stdout=-1, stderr=-1) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
    assert process.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(("out", "place"), [("-", "standard output"), ("/dev/full", "/dev/full")])
def test_an_output_that_is_full_is_named(out: str, place: str, samples: Path, rows: Path) -> None:
    """And not the temporary folder."""
    model = str(samples / "penguins.mojo")
    command = [sys.executable, "-m", "dai_scoring.cli", "file", "--json", "--model", model, str(rows), out]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*command, "--output-format", "csv"],
            stdout=full if out == "-" else subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    document = json.loads(done.stdout or done.stderr)
    assert (done.returncode, document["error"]["code"]) == (3, "prerequisite")
    assert document["error"]["message"].startswith(f"{place} cannot be written: No space left on device")


@pytest.mark.parametrize(
    ("closed", "words"), [("<&-", "- is standard input, and"), (">&-", "- is standard output, and")]
)
def test_a_standard_stream_that_is_closed_is_named(closed: str, words: str, samples: Path) -> None:
    command = f'exec "$0" -c "from dai_nifi.cli import main; main()" score -m "$1" - - {closed}'
    arguments = ["sh", "-c", command, sys.executable, str(samples / "penguins.mojo")]
    with (samples / "penguins-rows.csv").open("rb") as rows:
        done = subprocess.run(arguments, stdin=rows, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert f"{words} that is closed: name a file." in done.stderr


def test_what_is_no_gzip_is_told_without_its_bytes(rows: Path, score) -> None:  # type: ignore[no-untyped-def]
    packed = rows.with_name("rows.csv.gz")
    packed.write_bytes(gzip.compress(rows.read_bytes()) + b"secret")
    code, document, _ = score(packed, "out.csv")
    assert code == 9
    assert "is damaged or ends too early (Not a gzipped file). Make it again." in document["error"]["message"]
