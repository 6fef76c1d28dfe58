"""What is measured: for each case the library calls that give the metric's value.

A case loads its arrays into memory, which is not timed, and returns its peers. A peer's `prepare`
is not timed either: it makes what a library uses up in one evaluation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sklearn.metrics as sk

import files
import objects
import pixels
from generate import load

Value = float | list[float]


@dataclass(frozen=True)
class Peer:
    """One library's way to a value."""

    name: str
    call: Callable[..., Value]
    prepare: Callable[[], Any] | None = None
    is_reference: bool = True
    """Whether its value is the one to be matched."""


@dataclass(frozen=True)
class Case:
    """A name, and how its peers are made."""

    name: str
    peers: Callable[[], list[Peer]] = field(repr=False)


def _labels(data: str, call: Callable[[Any, Any], Value]) -> Callable[[], list[Peer]]:
    """scikit-learn on hard labels, which it takes as 64-bit integers."""

    def peers() -> list[Peer]:
        truth, prediction = (load(data, name).astype(np.int64) for name in ("truth", "prediction"))
        return [Peer("scikit-learn", lambda: call(truth, prediction))]

    return peers


def _regression(call: Callable[[Any, Any], Value]) -> Callable[[], list[Peer]]:
    def peers() -> list[Peer]:
        truth, prediction = load("regression", "truth"), load("regression", "prediction")
        return [Peer("scikit-learn", lambda: call(truth, prediction))]

    return peers


def _ranking(call: Callable[[Any, Any], Value]) -> Callable[[], list[Peer]]:
    def peers() -> list[Peer]:
        truth, scores = load("binary", "truth").astype(np.int64), load("binary", "scores")
        return [Peer("scikit-learn", lambda: call(truth, scores))]

    return peers


def _classes100(call: Callable[..., Value]) -> Callable[[], list[Peer]]:
    def peers() -> list[Peer]:
        truth = load("classes100", "truth").astype(np.int64)
        scores = load("classes100", "scores", (-1, 100))
        labels = list(range(100))
        return [Peer("scikit-learn", lambda: call(truth, scores, labels=labels))]

    return peers


def _concordance() -> list[Peer]:
    from lifelines.utils import concordance_index
    from sksurv.metrics import concordance_index_censored

    event = load("survival", "event").astype(bool)
    time, risk = load("survival", "time"), load("survival", "risk")
    return [
        # It does not know of risks that are nearly tied: another value in the tenth decimal.
        Peer("lifelines", lambda: concordance_index(time, -risk, event), is_reference=False),
        Peer("scikit-survival", lambda: concordance_index_censored(event, time, risk)[0]),
    ]


CASES = [
    Case("accuracy", _labels("binary", sk.accuracy_score)),
    Case("f1-macro", _labels("binary", lambda t, p: sk.f1_score(t, p, average="macro"))),
    Case("mcc", _labels("binary", sk.matthews_corrcoef)),
    Case("kappa", _labels("binary", sk.cohen_kappa_score)),
    Case("qwk", _labels("ratings", lambda t, p: sk.cohen_kappa_score(t, p, weights="quadratic"))),
    Case("miou", lambda: [Peer("numpy", *pixels.mean_jaccard())]),
    Case("fw-iou", lambda: [Peer("numpy", *pixels.weighted_jaccard())]),
    Case("pixel-accuracy", lambda: [Peer("numpy", *pixels.accuracy())]),
    Case("logloss-100", _classes100(sk.log_loss)),
    Case("brier-100", _classes100(sk.brier_score_loss)),
    Case("top5-100", _classes100(lambda t, s, labels: sk.top_k_accuracy_score(
        t, s, k=5, labels=labels))),
    Case("auc", _ranking(sk.roc_auc_score)),
    Case("auc-pr", _ranking(sk.average_precision_score)),
    Case("gini", _ranking(lambda t, s: 2 * sk.roc_auc_score(t, s) - 1)),
    Case("auc-ovr-100", _classes100(lambda t, s, labels: sk.roc_auc_score(
        t, s, labels=labels, multi_class="ovr", average="macro"))),
    Case("mae", _regression(sk.mean_absolute_error)),
    Case("mse", _regression(sk.mean_squared_error)),
    Case("r2", _regression(sk.r2_score)),
    Case("explained-variance", _regression(sk.explained_variance_score)),
    Case("mape", _regression(sk.mean_absolute_percentage_error)),
    Case("median-ae", _regression(sk.median_absolute_error)),
    Case("coco-box", lambda: [
        Peer("faster-coco-eval", *objects.evaluation("coco-box", "bbox", fast=True)),
        Peer("pycocotools", *objects.evaluation("coco-box", "bbox", fast=False)),
    ]),
    Case("coco-mask", lambda: [
        Peer("faster-coco-eval", *objects.evaluation("coco-mask", "segm", fast=True)),
        Peer("pycocotools", *objects.evaluation("coco-mask", "segm", fast=False)),
    ]),
    Case("hausdorff", lambda: [Peer("MedPy", *pixels.hausdorff())]),
    Case("asd", lambda: [Peer("MedPy", *pixels.surface_distance())]),
    Case("boundary-f1", lambda: [Peer("SciPy", *pixels.boundary_f1())]),
    Case("boundary-iou", lambda: [Peer("OpenCV", *pixels.boundary_iou())]),
    Case("c-index", _concordance),
    Case("csv-to-score", lambda: [Peer("pandas + scikit-learn", files.table_score)]),
    Case("coco-to-score", lambda: [Peer("json + faster-coco-eval", files.objects_score)]),
]  # fmt: skip
