"""Train the sample model: an H2O-3 GBM that tells the sex of a penguin, saved as a MOJO.

Reads penguins.csv and writes, beside it:

penguins.mojo               the model
penguins-rows.csv           rows to score: ids and inputs, no target
penguins-expected.csv       the predictions of h2o-genmodel for those rows
penguins-contributions.csv  the contributions of h2o-genmodel for those rows, in log-odds of "male"

H2O has two implementations of scoring: the server that trained the model, and h2o-genmodel, which scores the
MOJO. A deployed MOJO meets the second, so the files hold what the second says, digit for digit; the script
scores with both, prints how far they are apart and fails when that is more than rounding.

    python -m venv train && train/bin/pip install -r requirements-train.txt
    train/bin/python train_penguins.py
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import subprocess
import tempfile
import zipfile
from datetime import datetime, timezone
from pathlib import Path

import h2o
from h2o.backend import H2OLocalServer
from h2o.estimators import H2OGradientBoostingEstimator

HERE = Path(__file__).resolve().parent
H2O_JAR = Path(h2o.__file__).parent / "backend" / "bin" / "h2o.jar"

IDS = ["study_name", "individual_id"]
FEATURES = {
    "species": "enum",
    "island": "enum",
    "bill_length_mm": "real",
    "bill_depth_mm": "real",
    "flipper_length_mm": "real",
    "body_mass_g": "real",
    "date_egg": "time",
}
TARGET = "sex"
COLUMN_TYPES = {**dict.fromkeys(IDS, "enum"), **FEATURES, TARGET: "enum"}

SETTINGS = {"ntrees": 20, "max_depth": 4, "min_rows": 5, "learn_rate": 0.2, "seed": 1}

# Rows that the data set does not have and that production does.
EXTRA_ROWS = [
    ("UNSEEN_ISLAND", "Adelie", "Cormorant", "39.1", "18.7", "181", "3750", "2008-11-09"),
    ("MISSING_NUMBERS", "Gentoo", "Biscoe", "", "", "", "", "2008-11-09"),
    ("MISSING_DATE", "Chinstrap", "Dream", "46.5", "17.9", "192", "3500", ""),
    ("NA_CATEGORIES", "NA", "NA", "46.1", "13.2", "211", "4500", "2009-11-18"),
]

# When this version of the model was made; set it anew after a change to the data or the settings.
CREATED = "2026-11-23T00:00:00.000Z"

# Zip entries carry a time; this is the earliest one a zip file can hold.
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)

Rows = list[dict[str, str]]


def main() -> None:
    """Train, save, score with both implementations, compare, write the files."""
    write_csv(HERE / "penguins-rows.csv", rows_to_score())
    # H2O reads a date without a zone in the zone of its JVM; genmodel is given UTC. They have to be the same.
    server = H2OLocalServer.start(
        port="54400+",
        nthreads=1,
        max_mem_size=1 << 30,
        bind_to_localhost=True,
        jvm_custom_args=["-Duser.timezone=UTC"],
        verbose=False,
    )
    try:
        h2o.connect(server=server, verbose=False)
        h2o.no_progress()
        train_and_export()
    finally:
        server.shutdown()


def train_and_export() -> None:
    """Do everything that needs the H2O server."""
    penguins = h2o.upload_file(str(HERE / "penguins.csv"), col_types=COLUMN_TYPES)
    known_sex = penguins[~penguins[TARGET].isna(), :]

    # Cross-validated apart: nobody who scores wants the metrics of every fold in the MOJO.
    checked = H2OGradientBoostingEstimator(**SETTINGS, nfolds=5, fold_assignment="Modulo")
    checked.train(x=list(FEATURES), y=TARGET, training_frame=known_sex)
    model = H2OGradientBoostingEstimator(model_id="penguins_sex", **SETTINGS)
    model.train(x=list(FEATURES), y=TARGET, training_frame=known_sex)

    mojo = HERE / "penguins.mojo"
    with tempfile.TemporaryDirectory() as folder:
        repack(Path(model.save_mojo(folder, filename="penguins.zip")), mojo)
    threshold = default_threshold(mojo)

    row_types = {name: kind for name, kind in COLUMN_TYPES.items() if name != TARGET}
    rows = h2o.upload_file(str(HERE / "penguins-rows.csv"), col_types=row_types)
    server_predictions = parse_csv(model.predict(rows).get_frame_data())
    server_contributions = parse_csv(model.predict_contributions(rows).get_frame_data())
    predictions = score_with_genmodel(mojo)
    contributions = score_with_genmodel(mojo, "--predictContributions")

    ids = [{name: row[name] for name in IDS} for row in rows_to_score()]
    write_csv(HERE / "penguins-expected.csv", join(ids, predictions))
    write_csv(HERE / "penguins-contributions.csv", join(ids, contributions))

    metrics = checked.model_performance(xval=True)
    error_threshold, error = metrics.mean_per_class_error()[0]
    print(f"rows: {known_sex.nrow} trained on, {len(ids)} scored")
    print(f"5-fold cross-validation: log loss {metrics.logloss():.4f}, AUC {metrics.auc():.4f}")
    # H2O takes the nearest threshold that it kept a confusion matrix for.
    print(f"  accuracy near 0.5: {metrics.accuracy(thresholds=[0.5])[0][1]:.4f}")
    print(f"  least mean per class error: {error:.4f} at {error_threshold:.4f}")
    print(f"thresholds: MOJO {threshold!r}, server {model.default_threshold()!r}")
    print(f"importance: {[(name, round(share, 4)) for name, _, _, share in model.varimp()]}")
    compare("predictions", server_predictions, predictions, 1e-12)
    compare("contributions", server_contributions, contributions, 1e-5)
    print(f"{mojo.name}: {mojo.stat().st_size} bytes")


def rows_to_score() -> Rows:
    """Return the inputs of every penguin, and the extra rows, without the target."""
    with (HERE / "penguins.csv").open(newline="") as file:
        rows = [{name: row[name] for name in (*IDS, *FEATURES)} for row in csv.DictReader(file)]
    for name, *values in EXTRA_ROWS:
        rows.append({"study_name": "EXTRA", "individual_id": name, **dict(zip(FEATURES, values, strict=True))})
    return rows


def score_with_genmodel(mojo: Path, *options: str) -> Rows:
    """Score the rows with h2o-genmodel's own command-line tool, as Java's Double.toString writes the numbers.

    It wants a date as the number that H2O's server keeps for it, milliseconds since 1970 in UTC.
    """
    rows = rows_to_score()
    for row in rows:
        if row["date_egg"]:
            midnight = datetime.fromisoformat(row["date_egg"]).replace(tzinfo=timezone.utc)
            row["date_egg"] = str(int(midnight.timestamp()) * 1000)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.csv"), Path(folder, "out.csv")
        write_csv(source, rows)
        tool = ["java", "-cp", str(H2O_JAR), "hex.genmodel.tools.PredictCsv", "--decimal", *options]
        subprocess.run([*tool, "--mojo", str(mojo), "--input", str(source), "--output", str(target)], check=True)
        return parse_csv(target.read_text())


def repack(exported: Path, mojo: Path) -> None:
    """Copy the MOJO so that the same data and settings give the same bytes, and nothing tells of the machine.

    Zip entries get a fixed time, and modelDetails.json loses run times, host facts and object keys, none of
    which scoring reads. In model.ini, timestamp becomes CREATED, and uuid, which H2O makes anew in every run,
    a number taken from the contents. Trees, domains and the other lines of model.ini stay as H2O wrote them.
    """
    with zipfile.ZipFile(exported) as source:
        contents = {name: source.read(name) for name in sorted(source.namelist())}
    details = json.loads(contents["experimental/modelDetails.json"])
    contents["experimental/modelDetails.json"] = json.dumps(stable_details(details), indent=1).encode()
    contents["model.ini"] = set_values(contents["model.ini"], timestamp=CREATED, uuid="0")
    digest = hashlib.sha256(b"".join(contents.values())).digest()
    uuid = int.from_bytes(digest[:8], "big", signed=True)
    contents["model.ini"] = set_values(contents["model.ini"], uuid=str(uuid))

    with zipfile.ZipFile(mojo, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name, ZIP_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, content, compresslevel=9)


def set_values(ini: bytes, **values: str) -> bytes:
    """Replace values of model.ini, which is no file for configparser: its column list has no keys."""
    text = ini.decode()
    for name, value in values.items():
        text, found = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value}", text)
        if found != 1:
            raise SystemExit(f"model.ini has {found} lines for {name}")
    return text.encode()


def stable_details(details: dict) -> dict:
    """Keep of the model's description what the data and the settings decide."""
    output = details["output"]
    kept = [
        "names",
        "column_types",
        "domains",
        "model_category",
        "default_threshold",
        "init_f",
        "variable_importances",
    ]
    return {
        "algo": details["algo"],
        "algo_full_name": details["algo_full_name"],
        "response_column_name": details["response_column_name"],
        "output": {name: output[name] for name in kept},
    }


def default_threshold(mojo: Path) -> float:
    """Read from model.ini the probability of the second class from which on the MOJO predicts that class."""
    with zipfile.ZipFile(mojo) as archive:
        for line in archive.read("model.ini").decode().splitlines():
            name, _, value = line.partition(" = ")
            if name == "default_threshold":
                return float(value)
    raise SystemExit(f"{mojo}: model.ini has no default_threshold")


def compare(what: str, server: Rows, genmodel: Rows, tolerance: float) -> None:
    """Print the largest difference; stop when it is above the tolerance or when a label differs."""
    if len(server) != len(genmodel):
        raise SystemExit(f"{what}: the server has {len(server)} rows and genmodel {len(genmodel)}")
    largest, differing = 0.0, 0
    for number, (ours, theirs) in enumerate(zip(genmodel, server, strict=True), start=1):
        for name, value in ours.items():
            if name == "predict":
                if value != theirs[name]:
                    raise SystemExit(f"{what}: row {number}: {value} from genmodel, {theirs[name]} from the server")
                continue
            difference = abs(float(value) - float(theirs[name]))
            largest = max(largest, difference)
            differing += difference > 0
    print(f"{what}: largest difference between server and genmodel {largest!r}, {differing} values differ")
    if largest > tolerance:
        raise SystemExit(f"{what}: more than {tolerance}")


def join(ids: Rows, results: Rows) -> Rows:
    """Put the ids before the results, row by row."""
    return [{**key, **result} for key, result in zip(ids, results, strict=True)]


def parse_csv(text: str) -> Rows:
    """Read CSV with a header; numbers stay text, so no digit is lost."""
    return list(csv.DictReader(io.StringIO(text)))


def write_csv(path: Path, rows: Rows) -> None:
    """Write rows with a header."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
