"""Label maps with NumPy, masks with MedPy, SciPy and OpenCV.

Each function returns a call without arguments in a tuple, as a peer takes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from medpy.metric import binary as medpy
from numpy.typing import NDArray
from scipy import ndimage

from generate import load

Call = tuple[Callable[[], float]]
SIDE = 512
CLASSES = 19


# Label maps


def mean_jaccard() -> Call:
    """mIoU over the classes that occur."""

    def value(counts: NDArray[np.int64]) -> float:
        union = counts.sum(0) + counts.sum(1) - counts.diagonal()
        occurs = union > 0
        return float((counts.diagonal()[occurs] / union[occurs]).mean())

    return _counted(value)


def weighted_jaccard() -> Call:
    """IoU weighted by the truth's pixels."""

    def value(counts: NDArray[np.int64]) -> float:
        union = np.maximum(counts.sum(0) + counts.sum(1) - counts.diagonal(), 1)
        return float((counts.diagonal() / union * counts.sum(1)).sum() / counts.sum())

    return _counted(value)


def accuracy() -> Call:
    """The share of right pixels."""
    return _counted(lambda counts: float(counts.trace() / counts.sum()))


def _counted(value: Callable[[NDArray[np.int64]], float]) -> Call:
    """A function of the confusion counts, which `bincount` gives image by image."""
    truths, predictions = (
        load("maps", name, (20, -1)).astype(np.int64) for name in ("truth", "prediction")
    )

    def call() -> float:
        counts = np.zeros(CLASSES * CLASSES, np.int64)
        for truth, prediction in zip(truths, predictions):
            counts += np.bincount(CLASSES * truth + prediction, minlength=CLASSES * CLASSES)
        return value(counts.reshape(CLASSES, CLASSES))

    return (call,)


# Pairs of masks


def hausdorff() -> Call:
    """The mean of MedPy's Hausdorff distances."""
    return _paired(medpy.hd)


def surface_distance() -> Call:
    """The mean of MedPy's directed surface distances."""
    return _paired(medpy.asd)


def boundary_f1(ratio: float = 0.0075) -> Call:
    """The mean F1 of edge pixels that have one of the other edge near."""
    reach = ratio * np.sqrt(2 * SIDE**2)
    cross = ndimage.generate_binary_structure(2, 1)

    def edge(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return mask ^ ndimage.binary_erosion(mask, structure=cross)

    def share(edge: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
        return float((ndimage.distance_transform_edt(~other)[edge] <= reach).mean())

    def value(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
        found, true = edge(prediction), edge(truth)
        precision, recall = share(found, true), share(true, found)
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0

    return _paired(value)


def boundary_iou(ratio: float = 0.02) -> Call:
    """Boundary IoU by erosion, as boundary-iou-api does it; counts over all pairs."""
    truths, predictions = (_masks(name) for name in ("truth", "prediction"))
    reach = max(1, round(ratio * np.sqrt(2 * SIDE**2)))
    kernel = np.ones((3, 3), np.uint8)

    def band(mask: NDArray[np.uint8]) -> Any:
        framed = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
        eroded = cv2.erode(framed, kernel, iterations=reach)
        return mask - eroded[1 : SIDE + 1, 1 : SIDE + 1]

    def call() -> float:
        shared = united = 0
        for truth, prediction in zip(truths, predictions):
            true, found = band(truth), band(prediction)
            shared += int(((true * found) > 0).sum())
            united += int(((true + found) > 0).sum())
        return shared / united

    return (call,)


def _paired(value: Callable[[Any, Any], float]) -> Call:
    """The mean over the pairs of a function of prediction and truth."""
    truths, predictions = (_masks(name).astype(bool) for name in ("truth", "prediction"))

    def call() -> float:
        values = [float(value(found, true)) for true, found in zip(truths, predictions)]
        return float(np.mean(values))

    return (call,)


def _masks(name: str) -> NDArray[np.uint8]:
    return load("masks512", name, (-1, SIDE, SIDE))
