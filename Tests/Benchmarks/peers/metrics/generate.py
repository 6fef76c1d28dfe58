"""The data that both sides are measured on: fixed seeds, raw little-endian arrays in files.

Sizes and difficulty follow what the reference libraries are usually timed with: ten million rows,
a million rows of a hundred classes, images as many and as large as those of COCO val2017.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from environment import scratch

Arrays = dict[str, NDArray[np.generic]]
SUFFIXES = {"float64": "f64", "int32": "i32", "uint8": "u8"}


def folder() -> Path:
    """Where the generated sets are."""
    return Path(os.environ.get("ASSAY_METRICS_DATA", scratch() / "metrics-data"))


def ensure(name: str) -> Path:
    """The folder of a set, generated if it is not there or was by another version of this file."""
    target = folder() / name
    mark = target / "complete"
    digest = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    if not (mark.exists() and mark.read_text() == digest):
        target.mkdir(parents=True, exist_ok=True)
        mark.unlink(missing_ok=True)
        for field, values in SETS[name](target).items():
            suffix = SUFFIXES[values.dtype.name]
            np.ascontiguousarray(values).tofile(target / f"{field}.{suffix}")
        mark.write_text(digest)
    return target


def load(name: str, field: str, shape: tuple[int, ...] = (-1,)) -> NDArray[np.generic]:
    """One array of a set, in memory."""
    for dtype, suffix in SUFFIXES.items():
        path = ensure(name) / f"{field}.{suffix}"
        if path.exists():
            return np.fromfile(path, dtype=dtype).reshape(shape)
    raise FileNotFoundError(f"{name} has no array {field}")


# Rows


def binary(_: Path, rows: int = 10_000_000) -> Arrays:
    """Two classes, three of ten positive; scores are probabilities whose AUC is about 0.76."""
    random = np.random.default_rng(1)
    truth = random.random(rows) < 0.3
    scores = 1 / (1 + np.exp(-(random.standard_normal(rows) + truth - 0.4)))
    prediction = scores > 0.5
    return {
        "truth": truth.astype(np.int32), "scores": scores,
        "prediction": prediction.astype(np.int32),
    }  # fmt: skip


def ratings(_: Path, rows: int = 10_000_000) -> Arrays:
    """Five ordered classes, predicted with an error that is mostly one step."""
    random = np.random.default_rng(2)
    truth = random.integers(0, 5, rows)
    prediction = np.clip(truth + np.rint(random.normal(0, 0.8, rows)), 0, 4)
    return {"truth": truth.astype(np.int32), "prediction": prediction.astype(np.int32)}


def classes100(_: Path, rows: int = 1_000_000, classes: int = 100) -> Arrays:
    """A hundred classes with a probability each; about a third of the rows are right."""
    random = np.random.default_rng(3)
    truth = random.integers(0, classes, rows)
    scores = random.standard_normal((rows, classes))
    scores[np.arange(rows), truth] += 2
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    return {"truth": truth.astype(np.int32), "scores": scores}


def regression(_: Path, rows: int = 10_000_000) -> Arrays:
    """Positive targets and predictions with a small bias."""
    random = np.random.default_rng(4)
    truth = random.gamma(2, 10, rows) + 0.5
    prediction = np.maximum(truth + random.normal(-0.05, 2.95, rows), 0)
    return {"truth": truth, "prediction": prediction}


def survival(_: Path, rows: int = 100_000) -> Arrays:
    """Exponential times, four of ten subjects censored, some times shared."""
    random = np.random.default_rng(5)
    risk = random.standard_normal(rows)
    death = random.exponential(np.exp(-0.6 * risk))
    censoring = random.exponential(1.4, rows)
    time = np.round(np.minimum(death, censoring), 4)
    return {"event": (death <= censoring).astype(np.uint8), "time": time, "risk": risk}


def csv(target: Path, rows: int = 1_000_000, classes: int = 10) -> Arrays:
    """A truth table and a table of ten probability columns."""
    random = np.random.default_rng(6)
    truth = random.integers(0, classes, rows)
    scores = random.standard_normal((rows, classes))
    scores[np.arange(rows), truth] += 1.5
    np.exp(scores, out=scores)
    scores = np.round(scores / scores.sum(axis=1, keepdims=True), 7)
    names = [f"class{index}" for index in range(classes)]
    with (target / "truth.csv").open("w", encoding="utf-8") as file:
        file.write("id,label\n")
        file.writelines(f"{row},{names[label]}\n" for row, label in enumerate(truth))
    with (target / "predictions.csv").open("w", encoding="utf-8") as file:
        file.write(",".join(["id", *names]) + "\n")
        for row, values in enumerate(scores.tolist()):
            file.write(f"{row}," + ",".join(map(repr, values)) + "\n")
    return {}


# Objects


def coco_box(target: Path) -> Arrays:
    """As many images, truths and categories as COCO val2017, a hundred detections an image."""
    random = np.random.default_rng(7)
    images, truths, per_image, categories = 5_000, 36_000, 100, 80
    owner = np.sort(random.integers(0, images, truths))
    category = np.minimum(random.geometric(0.06, truths) - 1, categories - 1)
    boxes = _boxes(random, truths)
    starts = np.searchsorted(owner, np.arange(images + 1))
    found = _detections(random, images, per_image, starts, category, boxes)
    arrays: Arrays = {
        "truth-image": owner.astype(np.int32), "truth-category": category.astype(np.int32),
        "truth-box": boxes, "truth-crowd": (random.random(truths) < 0.01).astype(np.int32),
        "truth-area": np.round(boxes[:, 2] * boxes[:, 3] * random.uniform(0.4, 0.9, truths), 2),
        **found,
    }  # fmt: skip
    _write_coco(target, arrays, images, categories)
    return arrays


def _boxes(random: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Boxes of COCO's sizes: from some pixels to most of the image."""
    size = np.clip(np.exp(random.normal(4, 1, (count, 2))), 4, (600, 440))
    corner = random.random((count, 2)) * (np.array([640, 480]) - size)
    return np.round(np.hstack([corner, size]), 2)


def _detections(
    random: np.random.Generator, images: int, per_image: int, starts: NDArray[np.intp],
    category: NDArray[np.int64], boxes: NDArray[np.float64],
) -> Arrays:  # fmt: skip
    """Noisy copies of most truths, further copies with less score, and boxes of nothing."""
    found_boxes = _boxes(random, images * per_image)
    scores = random.beta(1, 6, images * per_image)
    kinds = random.choice(len(category), images * per_image)
    found_categories = category[kinds]
    for image in range(images):
        own = np.arange(starts[image], starts[image + 1])
        if not len(own):
            continue
        first = image * per_image
        chosen = random.choice(own, per_image // 2)
        rows = slice(first, first + len(chosen))
        noise = random.normal(0, random.choice([0.03, 0.1, 0.3], (len(chosen), 1)), (len(chosen), 4))
        size = boxes[chosen][:, [2, 3, 2, 3]]
        moved = boxes[chosen] + noise * size
        moved[:, 2:] = np.maximum(moved[:, 2:], 1)
        found_boxes[rows] = np.round(moved, 2)
        wrong = random.random(len(chosen)) < 0.2
        found_categories[rows] = np.where(wrong, found_categories[rows], category[chosen])
        quality = 1 - 2 * np.abs(noise).mean(axis=1)
        scores[rows] = np.clip(quality * random.beta(2, 2, len(chosen)), 0.001, 0.999)
    order = random.permutation(per_image) + np.arange(images)[:, None] * per_image
    order = order.ravel()
    return {
        "found-image": np.repeat(np.arange(images), per_image).astype(np.int32),
        "found-category": found_categories[order].astype(np.int32),
        "found-box": found_boxes[order], "found-score": np.round(scores[order], 6),
    }  # fmt: skip


def _write_coco(target: Path, arrays: Arrays, images: int, categories: int) -> None:
    """The same objects as COCO documents; ids of images and categories begin at 1."""
    document = {
        "images": [{"id": i + 1, "width": 640, "height": 480} for i in range(images)],
        "categories": [{"id": c + 1, "name": f"category {c + 1}"} for c in range(categories)],
        "annotations": [
            {"id": row + 1, "image_id": image + 1, "category_id": category + 1, "bbox": box,
             "area": area, "iscrowd": crowd}
            for row, (image, category, box, area, crowd) in enumerate(
                zip(*(arrays[f"truth-{field}"].tolist()
                      for field in ("image", "category", "box", "area", "crowd"))))
        ],
    }  # fmt: skip
    (target / "truth.json").write_text(json.dumps(document), encoding="utf-8")
    results = [
        {"image_id": image + 1, "category_id": category + 1, "bbox": box, "score": score}
        for image, category, box, score in zip(
            *(arrays[f"found-{field}"].tolist() for field in ("image", "category", "box", "score"))
        )
    ]
    (target / "results.json").write_text(json.dumps(results), encoding="utf-8")


def coco_mask(_: Path) -> Arrays:
    """Instance masks as run lengths: 500 images, 3,500 truths, 15,000 detections, 20 classes."""
    random = np.random.default_rng(8)
    images, truths, found, categories = 500, 3_500, 15_000, 20
    owner = np.sort(random.integers(0, images, truths))
    category = random.integers(0, categories, truths)
    shapes = np.column_stack([
        random.uniform(60, 580, truths), random.uniform(60, 420, truths),
        np.exp(random.normal(3.3, 0.7, (truths, 2))),
    ])  # fmt: skip
    source = random.integers(0, truths, found)
    source = source[np.argsort(owner[source], kind="stable")]
    noise = random.normal(0, random.choice([0.02, 0.1, 0.4], (found, 1)), (found, 4))
    copies = shapes[source] + noise * shapes[source][:, [2, 3, 2, 3]]
    wrong = random.random(found) < 0.2
    quality = np.clip(1 - 2 * np.abs(noise).mean(axis=1), 0.02, 1)
    runs, offsets, areas = _masks(random, shapes)
    found_runs, found_offsets, _ = _masks(random, copies)
    return {
        "truth-image": owner.astype(np.int32), "truth-category": category.astype(np.int32),
        "truth-runs": runs, "truth-offsets": offsets, "truth-area": areas,
        "truth-crowd": np.zeros(truths, np.int32),
        "found-image": owner[source].astype(np.int32),
        "found-category": np.where(
            wrong, random.integers(0, categories, found), category[source]).astype(np.int32),
        "found-runs": found_runs, "found-offsets": found_offsets,
        "found-score": np.round(quality * random.beta(2, 2, found), 6),
    }  # fmt: skip


def _masks(
    random: np.random.Generator, shapes: NDArray[np.float64], height: int = 480, width: int = 640
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """Ragged ellipses (x, y, radii) as column-major runs, their starts, and their pixel counts."""
    runs: list[NDArray[np.int32]] = []
    offsets, areas = [0], []
    for x, y, across, down in shapes:
        across, down = max(across, 2.0), max(down, 2.0)
        x, y = min(max(x, 2.0), width - 3.0), min(max(y, 4.0), height - 5.0)
        columns = np.arange(max(int(x - across), 0), min(int(x + across) + 1, width))
        half = down * np.sqrt(np.maximum(0, 1 - ((columns - x) / across) ** 2))
        half = np.maximum(half + random.normal(0, 0.7, len(half)), 0.5)
        top = np.clip(np.rint(y - half), 1, height - 2).astype(np.int64)
        bottom = np.clip(np.rint(y + half) + 1, top + 1, height - 1).astype(np.int64)
        edges = np.column_stack([columns * height + top, columns * height + bottom]).ravel()
        edges = np.concatenate([[0], edges, [height * width]])
        lengths = np.diff(edges).astype(np.int32)
        runs.append(lengths)
        offsets.append(offsets[-1] + len(lengths))
        areas.append(float(lengths[1::2].sum()))
    return np.concatenate(runs), np.array(offsets, np.int32), np.array(areas)


# Pixels


def masks512(_: Path, pairs: int = 100, side: int = 512) -> Arrays:
    """Pairs of blobs: the prediction's outline strays from the truth's by some pixels."""
    random = np.random.default_rng(9)
    truth = np.zeros((pairs, side, side), np.uint8)
    prediction = np.zeros_like(truth)
    for pair in range(pairs):
        for _ in range(random.integers(2, 6)):
            centre = random.uniform(120, side - 120, 2)
            waves = random.normal(0, 0.06, (8, 2))
            radius = random.uniform(25, 90)
            truth[pair] |= _blob(side, centre, radius, waves)
            moved = centre + random.normal(0, 2.5, 2)
            other = waves + random.normal(0, 0.03, waves.shape)
            prediction[pair] |= _blob(side, moved, radius + random.normal(0, 2.5), other)
    return {"truth": truth, "prediction": prediction}


def _blob(
    side: int, centre: NDArray[np.float64], radius: float, waves: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """A disc whose radius changes with the direction."""
    steps = 4096
    angles = np.arange(steps) * (2 * np.pi / steps) - np.pi
    reach = np.ones(steps)
    for order, (sine, cosine) in enumerate(waves, start=2):
        reach += sine * np.sin(order * angles) + cosine * np.cos(order * angles)
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
    down, across = rows - centre[0], columns - centre[1]
    step = ((np.arctan2(down, across) + np.pi) * (steps / (2 * np.pi))).astype(np.intp) % steps
    return (np.hypot(down, across) < radius * reach[step]).astype(np.uint8)


def maps(_: Path, images: int = 20, height: int = 1024, width: int = 2048) -> Arrays:
    """Street-sized label maps of 19 classes: large regions with ragged borders."""
    random = np.random.default_rng(10)
    truth = np.zeros((images, height, width), np.uint8)
    prediction = np.zeros_like(truth)
    weights = random.dirichlet(np.full(19, 0.8))
    for image in range(images):
        coarse = random.choice(19, (height // 64 + 2, width // 64 + 2), p=weights)
        changed = random.random(coarse.shape) < 0.1
        other = np.where(changed, random.choice(19, coarse.shape, p=weights), coarse)
        truth[image] = _ragged(random, coarse, height, width)
        prediction[image] = _ragged(random, other, height, width)
    return {"truth": truth, "prediction": prediction}


def _ragged(
    random: np.random.Generator, coarse: NDArray[np.int64], height: int, width: int
) -> NDArray[np.uint8]:
    """A coarse map at full size, its borders bent at random."""
    rows, columns = np.mgrid[0:height, 0:width]
    bend = [
        np.kron(random.normal(0, 6, (height // 8, width // 8)), np.ones((8, 8))) for _ in range(2)
    ]
    rows = np.clip((rows + 32 + bend[0]) // 64, 0, coarse.shape[0] - 1).astype(np.intp)
    columns = np.clip((columns + 32 + bend[1]) // 64, 0, coarse.shape[1] - 1).astype(np.intp)
    return coarse[rows, columns].astype(np.uint8)


SETS: dict[str, Callable[[Path], Arrays]] = {
    "binary": binary, "ratings": ratings, "classes100": classes100, "regression": regression,
    "survival": survival, "csv": csv, "coco-box": coco_box, "coco-mask": coco_mask,
    "masks512": masks512, "maps": maps,
}  # fmt: skip
