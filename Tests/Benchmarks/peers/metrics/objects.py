"""COCO's evaluation by pycocotools and by faster-coco-eval."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from typing import Any

import numpy as np

from generate import load


def evaluation(
    data: str, kind: str, *, fast: bool
) -> tuple[Callable[[Any], list[float]], Callable[[], Any]]:
    """Evaluating, accumulating and summarising; and the object on which that is done once."""
    truth, found = indexed(document(data), results(data), fast=fast)

    def prepare() -> Any:
        return evaluator(truth, found, kind, fast=fast)

    return summary, prepare


def summary(evaluator: Any) -> list[float]:
    """The twelve numbers."""
    with contextlib.redirect_stdout(io.StringIO()):
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    return [float(value) for value in evaluator.stats[:12]]


def indexed(truth: dict[str, Any], found: list[dict[str, Any]], *, fast: bool) -> tuple[Any, Any]:
    """Both sides as a library's objects."""
    with contextlib.redirect_stdout(io.StringIO()):
        if fast:
            from faster_coco_eval import COCO

            api = COCO(truth)
        else:
            from pycocotools.coco import COCO

            api = COCO()
            api.dataset = truth
            api.createIndex()
        return api, api.loadRes(found)


def evaluator(truth: Any, found: Any, kind: str, *, fast: bool) -> Any:
    """What evaluates the two, once."""
    with contextlib.redirect_stdout(io.StringIO()):
        if fast:
            from faster_coco_eval import COCOeval_faster

            return COCOeval_faster(truth, found, kind)
        from pycocotools.cocoeval import COCOeval

        return COCOeval(truth, found, kind)


def document(data: str) -> dict[str, Any]:
    """The annotations of a set."""
    fields = {name: load(data, f"truth-{name}").tolist()
              for name in ("image", "category", "area", "crowd")}  # fmt: skip
    shapes = _shapes(data, "truth")
    annotations = [
        {"id": row + 1, "image_id": image + 1, "category_id": category + 1, "area": area,
         "iscrowd": crowd, **shapes[row]}
        for row, (image, category, area, crowd) in enumerate(zip(*fields.values()))
    ]  # fmt: skip
    images, categories = (max(fields[name]) + 1 for name in ("image", "category"))
    if data == "coco-box":
        images, categories = 5_000, 80
    return {
        "info": {},
        "images": [{"id": i + 1, "width": 640, "height": 480} for i in range(images)],
        "categories": [{"id": c + 1, "name": f"category {c + 1}"} for c in range(categories)],
        "annotations": annotations,
    }


def results(data: str) -> list[dict[str, Any]]:
    """The detections of a set."""
    fields = [load(data, f"found-{name}").tolist() for name in ("image", "category", "score")]
    return [
        {"image_id": image + 1, "category_id": category + 1, "score": score, **shape}
        for image, category, score, shape in zip(*fields, _shapes(data, "found"))
    ]


def _shapes(data: str, side: str) -> list[dict[str, Any]]:
    """Boxes or masks."""
    if data == "coco-box":
        return [{"bbox": box} for box in load(data, f"{side}-box", (-1, 4)).tolist()]
    from pycocotools import mask

    runs, offsets = load(data, f"{side}-runs"), load(data, f"{side}-offsets")
    shapes = []
    for first, last in zip(offsets[:-1], offsets[1:]):
        counts = runs[first:last].astype(np.uint32).tolist()
        encoded = mask.frPyObjects({"size": [480, 640], "counts": counts}, 480, 640)
        # A result with a box, too, would be given the area of the box.
        shapes.append({"segmentation": encoded})
    return shapes
