from __future__ import annotations

import csv
import io
import random
from typing import Any

import pyarrow as pa
import pytest

from dai_scoring.errors import ContentError, OptionError
from dai_scoring.formats import Dialect, Format
from dai_scoring.formats.csv import dialect as csv_dialect
from dai_scoring.formats.csv import reader as csv_reader
from dai_scoring.option_words import Audience
from dai_scoring.values.rejected import REJECT_SCHEMA

CSV = Format.CSV


def as_csv(rows: list[list[str]], **options: Any) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, **options).writerows(rows)
    return out.getvalue().encode()


def values(content: Any) -> list[list[str]]:
    return [list(row.values()) for row in content.rows]


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b" \r\n\n"])
def test_empty_file_has_no_schema_and_no_chunk(read: Any, data: bytes) -> None:
    content = read(data, CSV)
    assert content.reader.schema is None
    assert content.tables == []


@pytest.mark.parametrize("data", [b"a,b", b"a,b\n", b"a,b\r\n\r\n", b"\n\na,b\n"])
def test_header_alone_gives_schema_and_no_chunk(read: Any, data: bytes) -> None:
    content = read(data, CSV)
    assert content.reader.schema == pa.schema([("a", pa.string()), ("b", pa.string())])
    assert content.tables == []


def test_all_values_are_exact_text(read: Any) -> None:
    content = read(b'a,b,c\n1.50,,"" \n 007,NULL,"x ""y"", \nz"\n\n', CSV)
    assert content.rows == [
        {"a": "1.50", "b": "", "c": " "},
        {"a": " 007", "b": "NULL", "c": 'x "y", \nz'},
    ]
    assert content.tables[0].schema == pa.schema([(name, pa.string()) for name in "abc"])
    assert content.bad == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [False, True])
def test_dialect_is_found(read: Any, delimiter: str, line_end: str, bom: bool) -> None:
    rows = [["name", "x,y;z|w\tv", "c"], ["1,5", "2;5", "p|q"], ["a\tb", "", 'say "x"']]
    data = (b"\xef\xbb\xbf" if bom else b"") + as_csv(rows, delimiter=delimiter, lineterminator=line_end)
    content = read(data, CSV)
    assert content.reader.dialect == Dialect(delimiter, '"', line_end, bom)
    assert content.reader.schema.names == rows[0]
    assert values(content) == rows[1:]


def test_single_column_whose_values_hold_delimiters(read: Any) -> None:
    content = read(b'text\nhello; world\n"a,b"\n\n""\nlast', CSV)
    assert [row["text"] for row in content.rows] == ["hello; world", "a,b", "", "last"]


def test_given_delimiter_wins(read: Any) -> None:
    content = read(b"a,b;c\n1,2;3\n", CSV, delimiter=";")
    assert content.rows == [{"a,b": "1,2", "c": "3"}]
    with pytest.raises(OptionError):
        read(b"a\n", CSV, delimiter="ab")


def test_malformed_rows_stay_in_place(read: Any) -> None:
    data = b'a,b\n1,2\nx\n"p,\nq",2,3\n\n3,4\n,,\nlast'
    content = read(data, CSV)
    assert values(content) == [["1", "2"], ["x", ""], ["p,\nq", "2"], ["3", "4"], ["", ""], ["last", ""]]
    assert content.bad == [(1, "x"), (2, '"p,\nq",2,3'), (4, ",,"), (5, "last")]


def test_malformed_table_has_the_reject_schema(tmp_path: Any) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"a,b\nx\n")
    [chunk] = csv_reader.CsvReader(path, 10).chunks()
    assert chunk.malformed is not None
    assert chunk.malformed.schema == REJECT_SCHEMA


@pytest.mark.parametrize("seed", range(40))
def test_random_files_agree_with_the_csv_module(read: Any, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    choose = random.Random(seed)
    # Blocks of a few bytes put block ends everywhere, and make records longer than a block common.
    monkeypatch.setattr(csv_reader, "MIN_BLOCK", choose.choice([16, 40, 100]))
    monkeypatch.setattr(csv_reader, "MAX_BLOCK", 100)
    alphabet = ["a", "1", "é", "日", ",", ";", '"', "\n", "\r\n", " ", "\0", "\t"]
    width = choose.randint(1, 4)
    count = choose.randint(0, 60)
    rows = [[f"c {index}" for index in range(width)]]
    expected_bad = []
    for number in range(count):
        fields = width
        if width > 1 and choose.random() < 0.2:
            fields = choose.choice([n for n in range(1, 7) if n != width])
            expected_bad.append(number)
        rows.append(["x" + "".join(choose.choices(alphabet, k=choose.randint(0, 12))) for _ in range(fields)])
    delimiter = choose.choice(",;\t|")
    data = as_csv(rows, delimiter=delimiter, lineterminator=choose.choice(["\n", "\r\n"]))
    content = read(data, CSV, chunk_rows=choose.choice([1, 3, 1000]), delimiter=delimiter)
    assert values(content) == [(row + [""] * width)[:width] for row in rows[1:]]
    assert [number for number, _ in content.bad] == expected_bad
    for number, text in content.bad:
        assert next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)) == rows[number + 1]


def test_chunks_have_at_most_the_rows_asked_for(read: Any) -> None:
    content = read(b"a,b\n" + b"".join(b"%d,x\n" % i for i in range(2500)), CSV, chunk_rows=1000)
    assert [table.num_rows for table in content.tables] == [1000, 1000, 500]
    assert [row["a"] for row in content.rows] == [str(i) for i in range(2500)]


def test_field_larger_than_a_block(read: Any) -> None:
    big = 'line "1"\n' * 1_200_000
    rows = [["a", "b"], *[[str(i), "y"] for i in range(300)], ["big", big], ["after", "z"], ["only"]]
    content = read(as_csv(rows), CSV, chunk_rows=100)
    assert content.rows[300] == {"a": "big", "b": big}
    assert content.rows[301] == {"a": "after", "b": "z"}
    assert content.bad == [(302, "only")]
    assert len(content.rows) == 303


def test_record_beyond_the_limit_is_an_error(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_reader, "LARGEST_BLOCK", 1 << 18)
    with pytest.raises(ContentError, match="row 3 or one soon after it is longer"):
        read(b'a,b\n1,2\n3,4\n5,"' + b"x\n" * (1 << 20), CSV, chunk_rows=1)


@pytest.mark.parametrize("tail", [b'3,"x', b'3,"x\n', b'"', b'3,"x""', b'3,4,"x\n5,6\n'])
def test_quote_that_is_never_closed(read: Any, tail: bytes) -> None:
    with pytest.raises(ContentError, match="row 2 has a quote"):
        read(b"a,b\n1,2\n" + tail, CSV)


@pytest.mark.parametrize("tail", [b'3,""', b'3,"x"""', b'3,5" pipe', b'3,"x"\r\n'])
def test_quotes_that_are_closed(read: Any, tail: bytes) -> None:
    expected = next(csv.reader([tail.decode()]))
    assert values(read(b"a,b\n1,2\n" + tail, CSV))[1] == expected


def test_quote_open_in_header(read: Any) -> None:
    with pytest.raises(ContentError, match="header has a quote"):
        read(b'a,"b\n1,2\n', CSV)


def test_duplicate_names(read: Any) -> None:
    with pytest.raises(ContentError, match=r"2 column name\(s\) occur more than once; columns 1, 3 have the same"):
        read(b"a,b,a,b,c\n", CSV)


def test_wide_header_beyond_the_sample(read: Any) -> None:
    names = [f"column {i} with a name of {'very ' * 20}many letters" for i in range(2_500)]
    content = read(as_csv([names, ["1"] * 2_500]), CSV)
    assert len("".join(names)) > csv_dialect._SAMPLE_BYTES
    assert content.reader.schema.names == names
    assert values(content) == [["1"] * 2_500]


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"a,b\n1,2\n3,\xff\n", "row 2, column 2 (byte 11"),
        (b"a,b\n1,2\n\xff3,4\n", "row 2, column 1 (byte 9"),
        (b'a,b\n"1\n,",2\n"3,\n\xff",4\n', "row 2, column 1"),
        (b"a,b\n1\nx,y,z\n3,\xff", "row 3, column 2"),
        (b"a,b\n1,2\n3,\xc3", "row 2, column 2"),
    ],
)
def test_invalid_utf8_says_where(read: Any, data: bytes, place: str) -> None:
    with pytest.raises(ContentError) as caught:
        read(data, CSV)
    assert place in str(caught.value)
    assert "0xC3" in str(caught.value) or "0xFF" in str(caught.value)
    assert "ConvertCharacterSet" in caught.value.text_for(Audience.CANVAS)
    assert "ConvertCharacterSet" not in caught.value.text_for(Audience.CLIENT)


def test_invalid_utf8_in_header(read: Any) -> None:
    with pytest.raises(ContentError, match=r"0xFF in the name of column 2"):
        read(b"a,b\xff\n1,2\n", CSV)


@pytest.mark.parametrize("charset", ["latin-1", "cp1252", "utf-16", "utf-16-le", "utf-32", "shift_jis"])
def test_other_character_sets(read: Any, charset: str) -> None:
    words = ["日本", "x"] if charset == "shift_jis" else ["é", "ü"]
    text = "näme,b\n".replace("ä", "a" if charset == "shift_jis" else "ä") + f"{words[0]},{words[1]}\n" * 5000
    content = read(text.encode(charset), CSV, charset=charset)
    assert values(content) == [words] * 5000


def test_utf16_is_recognised_by_its_mark(read: Any) -> None:
    assert read("a,b\né,2\n".encode("utf-16"), CSV).rows == [{"a": "é", "b": "2"}]


def test_wrong_and_unknown_character_set(read: Any) -> None:
    with pytest.raises(ContentError, match=r"0x81 at line 2 .*CP1252"):
        read(b"a,b\n1,\x81", CSV, charset="cp1252")
    with pytest.raises(ContentError, match="unknown character set"):
        read(b"a,b\n", CSV, charset="klingon")


def test_messages_hold_no_data(read: Any) -> None:
    for data in (b"a,b\nsecret\xff,x\n", b'a,b\nsecret,"x', b"a,b\nsecret,1\xff,3,4\n"):
        with pytest.raises(ContentError) as caught:
            read(data, CSV)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize("seed", range(20))
def test_written_files_agree_with_the_csv_module(write: Any, read: Any, seed: int) -> None:
    choose = random.Random(seed)
    alphabet = ["a", "é", ",", ";", '"', "\n", "\r", " ", "\t", "|"]
    width = choose.randint(1, 4)
    rows = [["".join(choose.choices(alphabet, k=choose.randint(0, 6))) for _ in range(width)] for _ in range(50)]
    names = [f'c,;"{i}' for i in range(width)]
    table = pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)})
    dialect = Dialect(choose.choice(",;\t|"), '"', choose.choice(["\n", "\r\n"]), choose.random() < 0.5)
    data = write(CSV, table.slice(0, 20), table.slice(20), dialect=dialect)
    text = io.StringIO(data.decode("utf-8-sig" if dialect.bom else "utf-8"), newline="")
    assert list(csv.reader(text, delimiter=dialect.delimiter)) == [names, *rows]
    if width > 1:
        content = read(data, CSV)
        assert content.reader.dialect == dialect
        assert values(content) == rows


def test_written_text_is_exact(write: Any) -> None:
    table = pa.table(
        {
            "f32": pa.array([0.6160246, None, float("nan")], pa.float32()),
            "f64": [3.0, 123456789012.0, float("-inf")],
            "n": [1, None, -(2**63)],
            "b": [True, False, None],
            "s": ["plain", 'a "b"', ""],
        }
    )
    assert write(CSV, table).decode() == (
        "f32,f64,n,b,s\n"
        "0.6160246133804321,3.0,1,true,plain\n"
        ',123456789012.0,,false,"a ""b"""\n'
        "NaN,-inf,-9223372036854775808,,\n"
    )


def test_single_column_keeps_empty_rows(write: Any, read: Any) -> None:
    data = write(CSV, pa.table({"x": [None, "", "a"]}))
    assert data == b'x\n""\n""\na\n'
    assert len(read(data, CSV).rows) == 3


def test_columns_by_name(write: Any) -> None:
    first = pa.table({"a": ["1"], "b": ["2"]})
    assert write(CSV, first, pa.table({"b": ["3"]})) == b"a,b\n1,2\n,3\n"
    with pytest.raises(ContentError, match="'c' appears in later records"):
        write(CSV, first, pa.table({"a": ["1"], "c": ["3"]}))


def test_closing_before_the_end(tmp_path: Any) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 500_000)
    reader = csv_reader.CsvReader(path, 100)
    chunks = reader.chunks()
    assert next(chunks).table.num_rows == 100
    reader.close()
    chunks.close()
