"""Random files of every form, and what the reference libraries make of them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import sklearn.metrics as sk
from medpy.metric import binary as medpy
from numpy.typing import NDArray
from sksurv.metrics import concordance_index_censored

Random = np.random.Generator
EXACT, SUM, VARIANCE = (1e-12, 0.0), (1e-12, 1e-10), (1e-10, 1e-9)
COCO, GEOMETRY = (1e-10, 0.0), (1e-9, 1e-9)
TOLERANCES = {
    "r2": VARIANCE, "explained_variance": VARIANCE, "hausdorff": GEOMETRY, "asd": GEOMETRY,
    "map": COCO, "map_50": COCO, "map_75": COCO, "mar_1": COCO, "mar_10": COCO, "oks": COCO,
    "instance_mask_map": COCO,
}  # fmt: skip


@dataclass
class Trial:
    """Two files, and the values of a library for them; None where it has none."""

    task: str
    truth: Path
    predictions: Path
    expected: dict[str, float | None]
    parameters: dict[str, str] = field(default_factory=dict)
    classes: list[str] = field(default_factory=list)

    def words(self) -> str:
        """Which of its round's trials this is."""
        return f"{self.task} {self.parameters or ''}"

    @staticmethod
    def tolerance(metric: str) -> tuple[float, float]:
        """The absolute and the relative tolerance of a row."""
        return TOLERANCES.get(metric, SUM)


def _table(path: Path, header: list[str], rows: list[list[Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def _shuffled(random: Random, rows: list[list[Any]]) -> list[list[Any]]:
    return [rows[index] for index in random.permutation(len(rows))]


# Classification


def classification(random: Random, folder: Path) -> Iterator[Trial]:
    """Labels and probabilities in one table; scikit-learn."""
    count = int(random.integers(2, 7))
    rows = int(random.integers(6, 400))
    names = [f"c{index}" for index in range(count)]
    if random.random() < 0.3:
        names = [str(index * 3 - 2) for index in range(count)]
    weights = random.dirichlet(np.full(count, 1.0))
    truth = random.choice(count, rows, p=weights)
    raw = np.round(random.random((rows, count)) * random.choice([4, 50]), 0) + 1
    raw[np.arange(rows), truth] += random.integers(0, 4, rows)
    scores = raw / raw.sum(axis=1, keepdims=True)
    labels = np.where(random.random(rows) < 0.3, random.integers(0, count, rows), scores.argmax(1))
    truth_file = _table(
        folder / "truth.csv", ["id", "label"],
        [[f"r{row}", names[label]] for row, label in enumerate(truth)])  # fmt: skip
    predictions = _table(
        folder / "predictions.csv", ["id", "label", *names],
        _shuffled(random, [[f"r{row}", names[labels[row]], *map(repr, scores[row].tolist())]
                           for row in range(rows)]))  # fmt: skip
    everything = list(range(count))
    average = "binary" if count == 2 else "macro"
    counted = {"average": average, "zero_division": 0.0}
    expected: dict[str, float | None] = {
        "accuracy": sk.accuracy_score(truth, labels),
        "precision": sk.precision_score(truth, labels, **counted),
        "recall": sk.recall_score(truth, labels, **counted),
        "f1": sk.f1_score(truth, labels, **counted),
        "jaccard": sk.jaccard_score(truth, labels, **counted),
        "fbeta_0_5": sk.fbeta_score(truth, labels, beta=0.5, **counted),
        "fbeta_2": sk.fbeta_score(truth, labels, beta=2, **counted),
        "hamming_loss": sk.hamming_loss(truth, labels),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, labels),
        "mcc": sk.matthews_corrcoef(truth, labels),
        "cohen_kappa": sk.cohen_kappa_score(truth, labels, labels=everything),
        "qwk": sk.cohen_kappa_score(truth, labels, labels=everything, weights="quadratic"),
        "log_loss": sk.log_loss(truth, scores, labels=everything),
        "brier": sk.brier_score_loss(truth, scores, labels=everything),
        **_specific(truth, labels, count),
        **_ranked(truth, scores, count),
    }
    yield Trial("tabular-classification", truth_file, predictions, expected, classes=names)
    for average in ("micro", "macro", "weighted"):
        counted["average"] = average
        yield Trial(
            "tabular-classification", truth_file, predictions,
            {"precision": sk.precision_score(truth, labels, **counted),
             "recall": sk.recall_score(truth, labels, **counted),
             "f1": sk.f1_score(truth, labels, **counted),
             "jaccard": sk.jaccard_score(truth, labels, **counted)},
            {"average": average}, names)  # fmt: skip
    several = [("f1_weighted", "weighted"), ("f1_micro", "micro")]
    yield Trial(
        "text-classification", truth_file, predictions,
        {row: sk.f1_score(truth, labels, average=how, zero_division=0.0) for row, how in several},
        classes=names)  # fmt: skip
    yield Trial(
        "image-classification", truth_file, predictions,
        {f"top{k}_accuracy": _top(truth, scores, k) for k in (3, 5)}, classes=names)  # fmt: skip


def _specific(truth: Any, labels: Any, count: int) -> dict[str, float | None]:
    """Specificity and NPV of the classes that occur, from scikit-learn's 2 × 2 tables."""
    tables = sk.multilabel_confusion_matrix(truth, labels, labels=list(range(count)))
    occurs = [table[1].sum() + table[:, 1].sum() > 0 for table in tables]
    chosen = [tables[1]] if count == 2 else [t for t, seen in zip(tables, occurs) if seen]

    def mean(pairs: list[tuple[int, int]]) -> float:
        return float(np.mean([part / whole if whole else 0.0 for part, whole in pairs]))

    return {
        "specificity": mean([(t[0, 0], t[0].sum()) for t in chosen]),
        "npv": mean([(t[0, 0], t[:, 0].sum()) for t in chosen]),
    }


def _ranked(truth: Any, scores: Any, count: int) -> dict[str, float | None]:
    present = np.unique(truth)
    if count == 2:
        auc = sk.roc_auc_score(truth, scores[:, 1]) if len(present) == 2 else None
        return {
            "auc": auc, "auc_roc": auc, "gini": None if auc is None else 2 * auc - 1,
            "auc_pr": sk.average_precision_score(truth, scores[:, 1]) if 1 in present else None,
        }  # fmt: skip
    indicators = truth[:, None] == np.arange(count)
    auc = None
    if len(present) == count:
        auc = sk.roc_auc_score(truth, scores, multi_class="ovr", labels=list(range(count)))
    return {
        "auc_roc": auc,
        "auc_pr": float(np.mean([
            sk.average_precision_score(indicators[:, c], scores[:, c]) for c in present])),
    }  # fmt: skip


def _top(truth: Any, scores: Any, k: int) -> float:
    if k >= scores.shape[1]:
        return 1.0
    labels = list(range(scores.shape[1]))
    return float(sk.top_k_accuracy_score(truth, scores, k=k, labels=labels))


# Numbers


def regression(random: Random, folder: Path) -> Iterator[Trial]:
    """scikit-learn on pairs of numbers of any size."""
    rows = int(random.integers(2, 500))
    size = 10.0 ** random.integers(-6, 7)
    truth = random.gamma(1.5, size, rows)
    found = np.maximum(truth + random.normal(0, size / 3, rows), -0.5)
    if random.random() < 0.3:
        truth, found = np.round(truth), np.round(found)
    truth_file = _table(folder / "truth.csv", ["id", "target"],
                        [[row, repr(value)] for row, value in enumerate(truth.tolist())])
    predictions = _table(
        folder / "predictions.csv", ["id", "prediction"],
        _shuffled(random, [[row, repr(value)] for row, value in enumerate(found.tolist())]))
    yield Trial("tabular-regression", truth_file, predictions, {
        **_errors(truth, found), "mbe": float(np.mean(found - truth)),
        "median_ae": sk.median_absolute_error(truth, found),
        "explained_variance": sk.explained_variance_score(truth, found),
    })  # fmt: skip


def _errors(truth: Any, found: Any) -> dict[str, float | None]:
    return {
        "accuracy": float(np.mean(truth == found)), "loss": sk.mean_squared_error(truth, found),
        "mae": sk.mean_absolute_error(truth, found), "mse": sk.mean_squared_error(truth, found),
        "rmse": sk.root_mean_squared_error(truth, found), "r2": sk.r2_score(truth, found),
        "rmsle": sk.root_mean_squared_log_error(truth, found),
    }  # fmt: skip


def forecasting(random: Random, folder: Path) -> Iterator[Trial]:
    """scikit-learn on all points of some series."""
    truths, founds, rows, results = [], [], [], []
    for series in range(random.integers(1, 6)):
        points = int(random.integers(2, 60))
        truth = random.gamma(2, 10, points)
        found = np.maximum(truth + random.normal(0, 4, points), 0)
        truths.append(truth)
        founds.append(found)
        for step, (actual, guess) in enumerate(zip(truth.tolist(), found.tolist())):
            rows.append([f"s{series}", step, repr(actual)])
            results.append([f"s{series}", step, repr(guess)])
    truth, found = np.concatenate(truths), np.concatenate(founds)
    truth_file = _table(folder / "truth.csv", ["series", "timestamp", "target"],
                        _shuffled(random, rows))  # fmt: skip
    predictions = _table(folder / "predictions.csv", ["series", "timestamp", "prediction"],
                         _shuffled(random, results))  # fmt: skip
    relative = np.abs(found - truth) / np.abs(truth)
    yield Trial("time-series-forecasting", truth_file, predictions, {
        **_errors(truth, found), "max_error": sk.max_error(truth, found),
        "mape": sk.mean_absolute_percentage_error(truth, found),
        "mdape": float(np.median(relative)),
        "smape": float(np.mean(2 * np.abs(found - truth) / (np.abs(found) + np.abs(truth)))),
    })  # fmt: skip


def survival(random: Random, folder: Path) -> Iterator[Trial]:
    """scikit-survival's C-index; scikit-learn's F1 of the event."""
    rows = int(random.integers(5, 300))
    event = random.random(rows) < random.random()
    event[0] = True
    digits = int(random.integers(0, 4))
    time = np.round(random.exponential(5, rows), digits)
    risk = np.round(random.standard_normal(rows), digits)
    found = np.where(random.random(rows) < 0.7, event, ~event)
    truth_file = _table(folder / "truth.csv", ["id", "time", "event"],
                        [[i, repr(t), int(e)] for i, (t, e) in
                         enumerate(zip(time.tolist(), event.tolist()))])  # fmt: skip
    predictions = _table(folder / "predictions.csv", ["id", "risk", "event"],
                         _shuffled(random, [[i, repr(r), int(e)] for i, (r, e) in
                                            enumerate(zip(risk.tolist(), found.tolist()))]))
    try:
        index = float(concordance_index_censored(event, time, risk)[0])
    except Exception:  # its name for no comparable pairs is private
        index = None
    yield Trial("time-to-event-prediction", truth_file, predictions, {
        "c_index": index, "f1": sk.f1_score(event, found, zero_division=0.0)})  # fmt: skip


# Pixels


def segmentation(random: Random, folder: Path) -> Iterator[Trial]:
    """scikit-learn on all pixels, MedPy on the masks of each image."""
    classes = int(random.integers(2, 5))
    images, height, width = (int(value) for value in random.integers((1, 5, 5), (4, 24, 24)))
    coarse = random.integers(0, classes, (images, height // 4 + 1, width // 4 + 1))
    truth = coarse.repeat(4, 1).repeat(4, 2)[:, :height, :width]
    truth.flat[:classes] = range(classes)
    other = random.integers(0, classes, truth.shape)
    found = np.where(random.random(truth.shape) < 0.15, other, truth)
    found.flat[:classes] = range(classes)
    np.save(folder / "truth.npy", truth.astype(random.choice(["uint8", "int32", "int64"])))
    np.save(folder / "predictions.npy", found.astype(random.choice(["uint8", "int16", "uint64"])))
    flat, guess = truth.ravel(), found.ravel()
    average = {"average": "binary" if classes == 2 else "macro", "zero_division": 0.0}
    overlap = {**average, "average": "binary" if classes == 2 else "micro"}
    expected: dict[str, float | None] = {
        "accuracy": sk.accuracy_score(flat, guess),
        "pixel_accuracy": sk.accuracy_score(flat, guess),
        "precision": sk.precision_score(flat, guess, **average),
        "recall": sk.recall_score(flat, guess, **average),
        "f1": sk.f1_score(flat, guess, **average),
        "iou": sk.jaccard_score(flat, guess, **overlap),
        "miou": sk.jaccard_score(flat, guess, average="macro"),
        "fw_iou": sk.jaccard_score(flat, guess, average="weighted"),
        "mean_pixel_accuracy": sk.balanced_accuracy_score(flat, guess),
        "hausdorff": _distances(truth, found, classes, medpy.hd),
        "asd": _distances(truth, found, classes, medpy.asd),
        "dice": _overlaps(truth, found, classes),
    }
    files = (folder / "truth.npy", folder / "predictions.npy")
    yield Trial("semantic-segmentation", *files, expected)
    yield Trial("semantic-segmentation", *files,
                {"asd": _distances(truth, found, classes, medpy.assd)}, {"symmetric": "pooled"})


def _distances(
    truth: NDArray[Any], found: NDArray[Any], classes: int, measure: Callable[[Any, Any], float]
) -> float | None:
    """The mean over images of the mean over classes but the first."""
    means = []
    for actual, guess in zip(truth, found):
        values = []
        for index in range(1, classes):
            pair = guess == index, actual == index
            if pair[0].any() and pair[1].any():
                values.append(measure(*pair))
            elif pair[0].any() or pair[1].any():
                values.append(float(np.hypot(*actual.shape)))
        if values:
            means.append(np.mean(values))
    return float(np.mean(means)) if means else None


def _overlaps(truth: NDArray[Any], found: NDArray[Any], classes: int) -> float | None:
    """Dice: the background counts where there are more classes than two."""
    means = []
    for actual, guess in zip(truth, found):
        values = [
            medpy.dc(guess == index, actual == index)
            for index in range(1 if classes == 2 else 0, classes)
            if (guess == index).any() or (actual == index).any()
        ]
        if values:
            means.append(np.mean(values))
    return float(np.mean(means)) if means else None


# Objects


def _scored(truth: dict[str, Any], found: list[dict[str, Any]], kind: str) -> list[float | None]:
    """pycocotools' numbers; -1 is its word for none."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        # It changes what it is given.
        api = COCO()
        api.dataset = json.loads(json.dumps(truth))
        api.createIndex()
        evaluator = COCOeval(api, api.loadRes(json.loads(json.dumps(found))), kind)
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    return [None if value == -1 else float(value) for value in evaluator.stats]


def _documents(
    random: Random, shape: Callable[[NDArray[Any], bool], dict[str, Any]], categories: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Images of some objects, found more or less well; ids are neither dense nor sorted."""
    images = [int(i) for i in random.choice(1_000, random.integers(1, 8), replace=False) + 1]
    kinds = [int(i) for i in random.choice(90, categories, replace=False) + 1]
    annotations: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    for image in images:
        for _ in range(random.integers(0, 9)):
            box = np.concatenate([random.random(2) * 50, 5 + random.random(2) * 50])
            common = {"image_id": image, "category_id": int(random.choice(kinds))}
            annotations.append({
                **common, **shape(box, True), "id": len(annotations) + 1,
                "iscrowd": int(random.random() < 0.05)})  # fmt: skip
            for _ in range(random.integers(0, 4)):
                moved = box + random.normal(0, random.choice([0.5, 4]), 4)
                moved[2:] = np.maximum(moved[2:], 1)
                moved[:2] = np.maximum(moved[:2], 0)
                score = float(np.round(random.random(), int(random.integers(1, 4))))
                found.append({**common, **shape(moved, False), "score": score})
    if not found:
        box = np.array([1.0, 1.0, 5.0, 5.0])
        found.append({"image_id": images[0], "category_id": kinds[0], "score": 0.5,
                      **shape(box, False)})  # fmt: skip
    document = {
        "images": [{"id": image, "width": 120, "height": 120} for image in images],
        "categories": [{"id": kind, "name": f"kind {kind}"} for kind in kinds],
        "annotations": annotations,
    }
    return document, _shuffled(random, found)  # type: ignore[arg-type, return-value]


def _files(folder: Path, truth: Any, found: Any) -> tuple[Path, Path]:
    for name, content in (("truth.json", truth), ("predictions.json", found)):
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder / "truth.json", folder / "predictions.json"


def detection(random: Random, folder: Path) -> Iterator[Trial]:
    """pycocotools on boxes."""

    def shape(box: NDArray[Any], is_truth: bool) -> dict[str, Any]:
        values = [float(value) for value in np.round(box, 2)]
        return {"bbox": values} | ({"area": values[2] * values[3] * 0.7} if is_truth else {})

    truth, found = _documents(random, shape, int(random.integers(1, 5)))
    stats = _scored(truth, found, "bbox")
    files = _files(folder, truth, found)
    yield Trial("object-detection", *files, {
        "map": stats[0], "map_50": stats[1], "map_75": stats[2], "mar_1": stats[6],
        "mar_10": stats[7], "map_per_class": stats[0]})  # fmt: skip
    areas = ["0,1024", "1024,9216", "9216,10000000000"]
    for index, area in enumerate(areas):
        yield Trial("object-detection", *files, {"map": stats[3 + index]}, {"area_range": area})
        yield Trial("object-detection", *files, {"mar_10": stats[9 + index]},
                    {"area_range": area, "max_dets": "100"})  # fmt: skip


def instances(random: Random, folder: Path) -> Iterator[Trial]:
    """pycocotools on masks: polygons, run lengths, compressed run lengths."""
    from pycocotools import mask

    def shape(box: NDArray[Any], is_truth: bool) -> dict[str, Any]:
        x, y, width, height = box
        angles = np.sort(random.random(int(random.integers(3, 9)))) * 2 * np.pi
        points = np.column_stack([
            np.clip(x + width / 2 * (1 + np.cos(angles)), 0, 120),
            np.clip(y + height / 2 * (1 + np.sin(angles)), 0, 120)])  # fmt: skip
        polygon = [round(float(value), 2) for value in points.ravel()]
        [encoded] = mask.frPyObjects([polygon], 120, 120)
        compressed = {"size": [120, 120], "counts": encoded["counts"].decode()}
        if not is_truth:
            return {"segmentation": compressed}
        forms = [[polygon], compressed, _runs(mask.decode(encoded))]
        return {
            "segmentation": forms[random.integers(0, 3)], "area": float(mask.area(encoded)),
            "bbox": mask.toBbox(encoded).tolist(),
        }  # fmt: skip

    truth, found = _documents(random, shape, int(random.integers(1, 4)))
    # A crowd's outline is always given as runs.
    for annotation in truth["annotations"]:
        annotation["iscrowd"] &= int(isinstance(annotation["segmentation"], dict))
    stats = _scored(truth, found, "segm")
    for result in found:
        if random.random() < 0.5:
            result["segmentation"] = _runs(mask.decode(result["segmentation"]))
    yield Trial("instance-segmentation", *_files(folder, truth, found),
                {"instance_mask_map": stats[0]})  # fmt: skip


def _runs(pixels: NDArray[Any]) -> dict[str, Any]:
    """A mask as a list of run lengths, column by column, zeros first."""
    flat = pixels.ravel(order="F")
    edges = np.concatenate([[0], np.flatnonzero(np.diff(flat)) + 1, [len(flat)]])
    runs = np.diff(edges).tolist()
    return {"size": list(pixels.shape), "counts": ([0] if flat[0] else []) + runs}


def keypoints(random: Random, folder: Path) -> Iterator[Trial]:
    """pycocotools on the keypoints of people."""

    def shape(box: NDArray[Any], is_truth: bool) -> dict[str, Any]:
        x, y, width, height = (float(value) for value in np.round(box, 2))
        local = np.random.default_rng(int(x * 10) // 40)
        points = np.column_stack([x + local.random(17) * width, y + local.random(17) * height])
        visible = random.integers(0, 3, (17, 1)) if is_truth else np.ones((17, 1))
        values = np.round(np.hstack([points, visible]), 2)
        row: dict[str, Any] = {"keypoints": [float(value) for value in values.ravel()]}
        if is_truth:
            row |= {"bbox": [x, y, width, height], "area": width * height * 0.6,
                    "num_keypoints": int((visible > 0).sum())}  # fmt: skip
        return row

    truth, found = _documents(random, shape, 1)
    for annotation in truth["annotations"]:
        annotation["iscrowd"] = 0
    stats = _scored(truth, found, "keypoints")
    yield Trial("keypoint-detection", *_files(folder, truth, found), {"oks": stats[0]},
                {"mode": "ap"})  # fmt: skip


DOMAINS: dict[str, Callable[[Random, Path], Iterator[Trial]]] = {
    "classification": classification, "regression": regression, "forecasting": forecasting,
    "survival": survival, "segmentation": segmentation, "detection": detection,
    "instances": instances, "keypoints": keypoints,
}  # fmt: skip
