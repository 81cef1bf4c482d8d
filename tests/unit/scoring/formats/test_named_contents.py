"""Contents that are no records are named, and what text files have around their records is read or dropped."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest

from dai_scoring.batch.files import score_file
from dai_scoring.batch.in_memory import InMemoryScorer
from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.errors import ContentError, ScoringError, UnknownFormatError
from dai_scoring.formats import Declined, Format
from dai_scoring.option_words import Audience
from dai_scoring.options import MissingColumns
from dai_scoring.scorer import Scorer
from tests.support.engines import Double

ROWS = [{"x": 1, "s": "a;b"}, {"x": 2, "s": "c"}]
CSV = "x,s\n1,a;b\n2,c\n"


def _scored(folder: Path, contents: bytes, mime: str | None = None, **options: Any) -> str:
    source, target = folder / "in", folder / "out"
    source.write_bytes(contents)
    summary = score_file(Scorer(Double()), source, target, folder / "rejected", FileOptions(**options), mime)
    assert summary.rejected == 0
    return target.read_text()


def _refused(folder: Path, contents: bytes, mime: str | None = None, **options: Any) -> ScoringError:
    with pytest.raises(ScoringError) as caught:
        _scored(folder, contents, mime, **options)
    return caught.value


def _zip(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x,s\n1,2\n")
    return file.getvalue()


ENVELOPES = {
    '{"instances": ...}': {"signature_name": "a", "instances": ROWS},
    '{"dataframe_split": ...}': {"dataframe_split": {"columns": ["x", "s"], "data": [[1, "a"]]}},
    '{"dataframe_records": ...}': {"dataframe_records": ROWS},
    '{"inputs": ...}': {"id": "1", "inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [1]}]},
    '{"data": ...}': {"data": ROWS},
    '{"columns": ..., "data": ...}': {"columns": ["x", "s"], "index": [0], "data": [[1, "a"]]},
    '{"fields": ..., "rows": ...}': {"fields": ["x", "s"], "rows": [["1", "a"]]},
    '{"records": ...}': {"records": ROWS},
}


@pytest.mark.parametrize("shown", ENVELOPES)
@pytest.mark.parametrize("mime", [None, "application/json", "application/x-ndjson"])
@pytest.mark.parametrize("missing", MissingColumns)
def test_an_envelope_is_named(tmp_path: Path, shown: str, mime: str | None, missing: MissingColumns) -> None:
    error = _refused(tmp_path, json.dumps(ENVELOPES[shown]).encode(), mime, missing_columns=missing)
    assert type(error) is ContentError
    assert shown in str(error)
    assert '[{"x": ..., "s": ...}]' in error.text_for(Audience.CLIENT)
    assert "{" not in "".join(error.options)


def test_an_envelope_of_which_the_end_is_far_away_is_named(tmp_path: Path) -> None:
    rows = json.dumps({"instances": ROWS * 10_000}).encode()
    assert '{"instances": ...}' in str(_refused(tmp_path, rows))


def test_columns_with_all_their_values_are_named(tmp_path: Path) -> None:
    for values in ({"x": [1, 2], "s": ["a", "b"]}, {"s": {"0": "a"}, "x": {"0": 1}}):
        assert "to_json" in str(_refused(tmp_path, json.dumps(values).encode()))


def test_records_with_lists_in_lines_are_records(tmp_path: Path) -> None:
    lines = "".join(json.dumps(one) + "\n" for one in ({"x": [1], "s": [2]}, {"x": 1, "s": "a"}))
    source = tmp_path / "in"
    source.write_text(lines)
    found = score_file(
        Scorer(Double()), source, tmp_path / "out", tmp_path / "rejected", FileOptions(), "application/json"
    )
    assert (found.scored, found.rejected) == (1, 1)


@pytest.mark.parametrize("extra", [{"data": [1]}, {"inputs": {"a": 1}}, {"instances": []}])
def test_a_record_with_such_a_column_is_a_record(tmp_path: Path, extra: dict[str, Any]) -> None:
    assert json.loads(_scored(tmp_path, json.dumps({**ROWS[1], **extra}).encode()))["twice"] == 4.0


FOREIGN = {
    "Excel workbook": _zip("[Content_Types].xml", "xl/workbook.xml"),
    "model (MOJO)": _zip("mojo-pipeline/pipeline.mojo"),
    "compressed (zip)": _zip("a.csv"),
    "compressed (gzip)": gzip.compress(CSV.encode()),
    "HTML page": b"\n<!DOCTYPE html>\n<html><body>a,b</body></html>",
    "XML": b'<?xml version="1.0"?><rows/>',
    "not records": b'<rows kind="x">\n <row><x>1</x><s>a</s></row>\n</rows>\n',
    "a PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj",
    ".xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
    "pickle": pickle.dumps(ROWS),
    "ORC": b"ORC\x0a\x03\x00\x00",
    "encrypted Parquet": b"PARE\x15\x00\x15\x00",
    "SQLite": b"SQLite format 3\0" + b"\0" * 80,
    "tar": b"a.csv" + b"\0" * 252 + b"ustar\x0000",
}


@pytest.mark.parametrize("what", FOREIGN)
@pytest.mark.parametrize("mime", [None, "text/csv", "application/json"])
def test_what_is_no_records_is_named(tmp_path: Path, what: str, mime: str | None) -> None:
    error = _refused(tmp_path, FOREIGN[what], mime)
    assert type(error) is UnknownFormatError
    assert what in str(error)
    assert what in str(_refused(tmp_path, FOREIGN[what], input_format=Format.CSV))


def test_an_archive_cut_off_is_named_by_what_begins_it(tmp_path: Path) -> None:
    assert "Excel" in str(_refused(tmp_path, FOREIGN["Excel workbook"][:60]))


@pytest.mark.parametrize("name", ["ORC", "RDX", "BZh", "GIF8"])
def test_columns_may_be_named_as_other_files_begin(tmp_path: Path, name: str) -> None:
    header, *rows = CSV.splitlines()
    text = "\n".join([f"{name},{header}", *(f"1,{row}" for row in rows)])
    assert _scored(tmp_path, text.encode()).startswith(f"{name},x,s,twice\n1,1,a;b,2")


def test_columns_may_be_named_as_elements(tmp_path: Path) -> None:
    assert _scored(tmp_path, b"<a>,x,s\n<b></b>,1,a\n").startswith("<a>,x,s,twice\n<b></b>,1,a,2")


def test_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="is a folder"):
        score_file(Scorer(Double()), tmp_path, tmp_path / "out", tmp_path / "rejected")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("line", ["sep={}", "SEP={}", '"sep={}"'])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|", ":", "^"])
@pytest.mark.parametrize("rows", [2, 3000])
def test_the_line_that_names_the_separator_is_no_header(
    tmp_path: Path, delimiter: str, line: str, end: str, rows: int
) -> None:
    lines = [line.format(delimiter), f"x{delimiter}s", *[f"1.5{delimiter}ab"] * rows]
    contents = end.join(lines) + end
    wanted = [f"x{delimiter}s{delimiter}twice", *[f"1.5{delimiter}ab{delimiter}3.0"] * rows]
    assert _scored(tmp_path, contents.encode()) == "\n".join(wanted) + "\n"
    assert _scored(tmp_path, ("\ufeff" + contents).encode(), "text/csv") == "\ufeff" + "\n".join(wanted) + "\n"
    small = InMemoryScorer(Scorer(Double()), FileOptions(missing_columns=MissingColumns.AS_MISSING))
    (answer,) = small.score([Contents(contents.encode(), "text/csv")])
    assert isinstance(answer, Declined)


def test_a_column_may_be_named_like_the_word_for_a_separator(tmp_path: Path) -> None:
    assert _scored(tmp_path, b"sep=,x,s\n1,2,a\n") == "sep=,x,s,twice\n1,2,a,4.0\n"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "utf-16", "utf-32"])
def test_utf_16_and_32_are_read_with_a_mark_and_without(tmp_path: Path, encoding: str) -> None:
    text = "x,s\n1,\u00e9\u20ac\n"
    assert _scored(tmp_path, text.encode(encoding)).removeprefix("\ufeff") == "x,s,twice\n1,\u00e9\u20ac,2.0\n"
    assert _scored(tmp_path, text.encode(encoding), "text/csv").endswith("\n1,\u00e9\u20ac,2.0\n")
    found = json.loads(_scored(tmp_path, json.dumps(ROWS).encode(encoding), "application/json"))
    assert [row["twice"] for row in found] == [2.0, 4.0]
    small = InMemoryScorer(Scorer(Double()), FileOptions())
    (answer,) = small.score([Contents(text.encode(encoding), "text/csv")])
    assert isinstance(answer, Declined)


@pytest.mark.parametrize("contents", [CSV, CSV.rstrip(), json.dumps(ROWS), json.dumps(ROWS[0]) + "\n"])
@pytest.mark.parametrize("marks", [1, 100])
def test_the_end_mark_of_dos_is_no_row(tmp_path: Path, contents: str, marks: int) -> None:
    plain = contents.encode()
    wanted = _scored(tmp_path, plain)
    assert _scored(tmp_path, plain + b"\x1a" * marks) == wanted
    small = InMemoryScorer(Scorer(Double()), FileOptions(missing_columns=MissingColumns.AS_MISSING))
    many = [Contents(plain + b"\x1a", None)] * 3000
    assert {type(answer) for answer in small.score(many)} == {Declined}


@pytest.mark.parametrize(
    ("text", "mime"),
    [
        ("{'x': 1, 's': 'a'}\n", None),
        ("{'x': 1, 's': 'a'}\n{'x': None, 's': 'b'}\n", "application/x-ndjson"),
        ("[{'x': 1, 's': 'a'}, {'x': 2, 's': 'b'}]", "application/json"),
        ("\ufeff\n { 'x': 1}", "text/csv"),
    ],
)
def test_records_in_pythons_spelling_are_named(tmp_path: Path, text: str, mime: str | None) -> None:
    (tmp_path / "in.jsonl").write_text(text)
    with pytest.raises(UnknownFormatError, match="Python's own spelling") as told:
        score_file(Scorer(Double()), tmp_path / "in.jsonl", tmp_path / "out", tmp_path / "rejects", mime_type=mime)
    assert "json.dumps" in str(told.value)


@pytest.mark.parametrize(("word", "right"), [("True", "true"), ("None", "null"), ("'a'", 'double quotes (")')])
def test_words_of_python_in_json_are_named(tmp_path: Path, word: str, right: str) -> None:
    (tmp_path / "in.json").write_text(f'[{{"x": 1, "s": "é"}}, {{"s": "é", "x": {word}}}]')
    with pytest.raises(ContentError, match=r"element 2 is not valid JSON: .* is Python's spelling") as told:
        score_file(Scorer(Double()), tmp_path / "in.json", tmp_path / "out", tmp_path / "rejects")
    assert f"JSON has {right}" in str(told.value)
