"""The module inside the test wheel: a Scorer with the methods, the column names and the noise of the real one.

It is a logistic regression on the penguins' data, trained when a Scorer is made; so contributions are exact. A few
texts in the column ``island`` are traps: see ``_spring``.
"""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

NUMBERS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
CATEGORIES = ["species", "island"]


class Scorer:
    def __init__(self):
        print("Loading the model ...")
        sys.stdout.flush()
        os.write(1, bytes(range(256)) * 1000)
        os.write(2, b"a warning on standard error\n")
        data = pd.read_csv(Path(__file__).with_name("penguins.csv"))
        data = data[data["sex"].notna()]
        self._means = data[NUMBERS].mean()
        self._deviations = data[NUMBERS].std()
        self._levels = {name: sorted(data[name].unique()) for name in CATEGORIES}
        self._model = LogisticRegression(max_iter=1000).fit(self._features(data), data["sex"] == "male")
        self._trees = None
        if Path(__file__).with_name("trees").exists():
            self._trees = RandomForestClassifier(n_estimators=1000, random_state=1)
            self._trees.fit(self._features(data), data["sex"] == "male")

    def get_column_names(self):
        return CATEGORIES + NUMBERS

    def get_transformed_column_names(self):
        return [f"{i}_{name}" for i, name in enumerate(self._features_of())]

    def get_target_labels(self):
        return ["female", "male"]

    def score(self, row, output_margin=False, pred_contribs=False, apply_data_recipes=False):
        frame = pd.DataFrame([row], columns=self.get_column_names())
        return self.score_batch(frame, output_margin, pred_contribs).to_numpy()[0].tolist()

    def score_batch(
        self,
        frame,
        output_margin=False,
        pred_contribs=False,
        pred_contribs_original=False,
        fast_approx=False,
        apply_data_recipes=False,
    ):
        print("scoring", len(frame), "rows")
        os.write(1, b"\xff\x00\xfe binary on standard output\n")
        if apply_data_recipes:
            frame = frame.assign(island=frame["island"].str.title())
        for text in frame["island"].unique():
            _spring(text)
        features = self._features(frame)
        if pred_contribs or pred_contribs_original:
            return self._contributions(features, pred_contribs_original)
        if self._trees is not None:
            votes = self._trees.predict_proba(features)
            return pd.DataFrame({"sex.female": votes[:, 0], "sex.male": votes[:, 1]})
        margin = features @ self._model.coef_[0] + self._model.intercept_[0]
        if output_margin:
            return pd.DataFrame({"sex": margin})
        male = 1 / (1 + np.exp(-margin))
        return pd.DataFrame({"sex.female": (1 - male).astype("float32"), "sex.male": male.astype("float32")})

    def _features_of(self):
        return NUMBERS + [f"{name}.{level}" for name in CATEGORIES for level in self._levels[name]]

    def _features(self, frame):
        numbers = [
            ((frame[name].astype("float64") - self._means[name]) / self._deviations[name]).fillna(0.0)
            for name in NUMBERS
        ]
        levels = [(frame[name] == level).astype("float64") for name in CATEGORIES for level in self._levels[name]]
        return np.column_stack(numbers + levels)

    def _contributions(self, features, original):
        parts = features * self._model.coef_[0]
        names = self._features_of()
        if original:
            owners = [name.partition(".")[0] for name in names]
            parts = np.column_stack(
                [
                    parts[:, [i for i, one in enumerate(owners) if one == name]].sum(axis=1)
                    for name in self.get_column_names()
                ]
            )
            names = self.get_column_names()
        else:
            names = self.get_transformed_column_names()
        made = pd.DataFrame(parts, columns=[f"contrib_{name}" for name in names])
        made["contrib_bias"] = self._model.intercept_[0]
        return made


def _spring(text):
    if text == "TRAP raise":
        raise ValueError("this island is not on the map")
    if text == "TRAP exit":
        os._exit(7)
    if text == "TRAP sys.exit":
        sys.exit("goodbye")
    if text == "TRAP kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if text == "TRAP memory":
        bytearray(1 << 60)
    if str(text).startswith("TRAP slow"):
        time.sleep(0.1)
    if text == "TRAP hang":
        time.sleep(3600)
