"""Scores rows through MLflow's client of scoring servers: the port, and a file of rows. Prints one number a row."""

import json
import sys

import pandas
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

port, path = sys.argv[1:3]
client = ScoringServerClient("127.0.0.1", int(port))
client.ping()
answer = client.invoke(pandas.read_csv(path))
print(json.dumps(answer.get_predictions()["female"].astype(float).tolist()))
