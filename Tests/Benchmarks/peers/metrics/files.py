"""From files to a score."""

from __future__ import annotations

import json

import pandas as pd
import sklearn.metrics as sk

import objects
from generate import ensure


def table_score() -> float:
    """Log loss of a table of probabilities, its rows matched with the truth's by id."""
    folder = ensure("csv")
    truth = pd.read_csv(folder / "truth.csv")
    predictions = pd.read_csv(folder / "predictions.csv")
    joined = truth.merge(predictions, on="id", validate="one_to_one")
    classes = sorted(column for column in predictions.columns if column != "id")
    return float(sk.log_loss(joined["label"], joined[classes], labels=classes))


def objects_score() -> list[float]:
    """The twelve numbers of a document of annotations and one of results."""
    folder = ensure("coco-box")
    with (folder / "truth.json").open(encoding="utf-8") as file:
        document = json.load(file)
    with (folder / "results.json").open(encoding="utf-8") as file:
        results = json.load(file)
    truth, found = objects.indexed(document, results, fast=True)
    return objects.summary(objects.evaluator(truth, found, "bbox", fast=True))
