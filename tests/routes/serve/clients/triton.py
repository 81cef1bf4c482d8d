"""Scores rows through NVIDIA's client: the address without scheme, and a file of rows. Prints one number a row."""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import tritonclient.http as triton

url, path = sys.argv[1:3]
with Path(path).open() as file:
    rows = list(csv.DictReader(file))
client = triton.InferenceServerClient(url)
assert client.is_server_live()
assert client.is_server_ready()
assert client.is_model_ready("penguins")


def tensor(about: dict[str, str], binary: bool) -> triton.InferInput:
    texts = [row[about["name"]] for row in rows]
    if about["datatype"] == "BYTES":
        values = np.array(texts, dtype=object)
    else:
        numbers = [float(one) if one not in ("", "NA") else np.nan for one in texts]
        values = np.array(numbers, triton.triton_to_np_dtype(about["datatype"]))
    made = triton.InferInput(about["name"], [len(rows)], about["datatype"])
    made.set_data_from_numpy(values, binary_data=binary)
    return made


inputs = client.get_model_metadata("penguins")["inputs"]
found = client.infer("penguins", [tensor(one, binary=True) for one in inputs], request_compression_algorithm="gzip")
rows = rows[:20]
asked = [triton.InferRequestedOutput("female", binary_data=False)]
as_json = client.infer("penguins", [tensor(one, binary=False) for one in inputs], outputs=asked)
try:
    client.infer("penguins", [tensor(one, binary=True) for one in inputs][:2])
    said = ""
except triton.InferenceServerException as error:
    said = str(error)
print(json.dumps([found.as_numpy("female").tolist(), as_json.as_numpy("female").tolist(), said]))
