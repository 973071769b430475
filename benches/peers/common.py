"""What all peer scripts share: the networks, the batch, the command line and the timing.

Every peer script takes the options of ``kfra-tui bench`` (``--only``, ``--repeat``,
``--threads``, ``--json``) and prints the same kind of JSON object, so that
``compare.py`` can treat both sides alike.
"""

import argparse
import gzip
import json
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

BATCH = 1000
INPUTS = 784
CLASSES = 10
CODE_UNITS = 30
WARM_UP = 5
MNIST = Path(__file__).resolve().parents[2] / "datasets" / "mnist"

AUTOENCODER = (INPUTS, 1000, 500, 250, CODE_UNITS, 250, 500, 1000, INPUTS)
CLASSIFIER = (INPUTS, 1000, 500, 250, CODE_UNITS, CLASSES)


@dataclass(frozen=True)
class Batch:
    """Inputs in [0, 1], their labels, and where they come from."""

    images: np.ndarray
    labels: np.ndarray
    source: str


# A phase yields its variants as (label, step); the fastest variant is reported.
Step = Callable[[], object]
Phase = Callable[[Batch], Iterator[tuple[str, Step]]]


def layers(widths: tuple[int, ...]) -> Iterator[tuple[int, int, bool]]:
    """Yield (inputs, outputs, whether tanh follows) for each layer.

    The code layer and the output layer are linear.
    """
    last = len(widths) - 2
    for index, (inputs, outputs) in enumerate(pairwise(widths)):
        yield inputs, outputs, index != last and outputs != CODE_UNITS


def load_batch(folder: Path) -> Batch:
    """Read the first MNIST images and labels in `folder`, or draw random ones if it has none."""
    images = folder / "train-images-idx3-ubyte.gz"
    labels = folder / "train-labels-idx1-ubyte.gz"
    if not images.exists():
        rng = np.random.default_rng(0)
        return Batch(
            rng.random((BATCH, INPUTS), dtype=np.float32),
            rng.integers(CLASSES, size=BATCH),
            "random",
        )
    pixels = np.frombuffer(gzip.decompress(images.read_bytes()), np.uint8, BATCH * INPUTS, 16)
    digits = np.frombuffer(gzip.decompress(labels.read_bytes()), np.uint8, BATCH, 8)
    return Batch(
        pixels.reshape(BATCH, INPUTS).astype(np.float32) / 255, digits.astype(np.int64), "MNIST"
    )


def time_step(step: Step, repeat: int) -> list[float]:
    """Return the seconds of each of `repeat` calls that follow the warm-up."""
    seconds = []
    for _ in range(WARM_UP + repeat):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return seconds[WARM_UP:]


def measure(variants: Iterable[tuple[str, Step]], repeat: int) -> dict:
    """Time all variants of one phase and describe the one with the smallest median."""
    timed = {label: time_step(step, repeat) for label, step in variants}
    medians = {label: statistics.median(seconds) for label, seconds in timed.items()}
    best = min(medians, key=medians.get)
    return {
        "seconds": medians[best],
        "mean": statistics.fmean(timed[best]),
        "variant": best,
        "variants": medians,
    }


def run(
    peer: str, phases: dict[str, Phase], set_threads: Callable[[int], object] | None = None
) -> None:
    """Read the command line, time the chosen phases and print the report as JSON."""
    parser = argparse.ArgumentParser(description=f"Time {peer}.")
    parser.add_argument("--only", action="append", choices=phases, help="phase (repeatable)")
    parser.add_argument("--repeat", type=int, default=20, help="timed steps per variant")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--data", type=Path, default=MNIST, help="folder of the MNIST files")
    parser.add_argument("--json", action="store_true", help="accepted, always on")
    args = parser.parse_args()
    if set_threads:
        set_threads(args.threads)
    batch = load_batch(args.data)
    measured = [
        {"name": name, **measure(phases[name](batch), args.repeat)} for name in args.only or phases
    ]
    print(json.dumps({"peer": peer, "data": batch.source, "phases": measured}))
