"""Scores rows through H2O's client: the address, and a file of rows. Prints one number a row."""

import json
import sys

import h2o_mlops_scoring_client as client
import pandas

url, path = sys.argv[1:3]
endpoint = f"{url}/model/score"
scored = client.score_data_frame(
    mlops_endpoint_url=endpoint, id_column="individual_id", data_frame=pandas.read_csv(path)
)
print(json.dumps([scored["female"].astype(float).tolist(), client.get_capabilities(endpoint)]))
