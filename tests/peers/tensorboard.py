"""Reads the TensorBoard logs that `kfra-tui export --what tensorboard` wrote, with TensorBoard's own reader,
and compares every scalar, step and time with the run log.

    python tests/peers/tensorboard.py RUN LOG

Exit code 0: all are equal; 1: not; 77: TensorBoard is not installed.
"""

import json
import math
import sys
from pathlib import Path

# This file is named as the package it looks for.
sys.path.pop(0)
try:
    import numpy
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError:
    print("tensorboard is not installed")
    sys.exit(77)

STEP = {
    "loss": "loss/minibatch",
    "gradient_norm": "step/gradient_norm",
    "update_norm": "step/update_norm",
    "learning_rate": "step/learning_rate",
    "step_size": "step/step_size",
    "momentum": "step/momentum",
    "kronecker_damping": "step/kronecker_damping",
    "step_damping": "step/step_damping",
    "reduction_ratio": "step/reduction_ratio",
    "epoch": "run/epoch",
    "seconds_training": "run/seconds_training",
    "wall": "timing/wall",
    "cpu": "timing/cpu",
    "flops": "timing/flops",
}
EVALUATED = {
    "train_loss": "loss/training_set",
    "validation_loss": "loss/validation_set",
    "train_error": "error/training_set",
    "validation_error": "error/validation_set",
}
MEASURED = {
    "rank": ["lower", "upper", "bound", "effective"],
    "hessian": ["trace", "gauss_newton_trace", "largest", "smallest", "residual", "negative", "products"],
    "fisher": ["block", "factor"],
}
PHASES = {
    "input_factors": "input factors",
    "preactivation_factors": "pre-activation factors",
    "forward_mode": "forward mode",
    "damping_trials": "damping trials",
}


def scope(event):
    """`all` or `layer_N`."""
    layer = event.get("layer") or (event["scope"] != "whole" and event["scope"]["layer"])
    return f"layer_{layer}" if layer else "all"


def scalars(event):
    """The scalars of a line of the run log, by tag."""
    kind = event["event"]
    if kind == "step":
        found = {tag: event[key] for key, tag in STEP.items() if key in event}
        found.update({f"phases/{PHASES.get(name, name)}": wall for name, wall, *_ in event["phases"]})
        return found
    if kind == "evaluated":
        known = {tag: event[key] for key, tag in EVALUATED.items() if event[key] is not None}
        return {tag: value for tag, value in known.items() if value != "NaN"}
    if kind == "measured":
        name = event["diagnostic"]
        known = {key: event[key] for key in [*MEASURED[name], "cost"] if event[key] is not None}
        return {f"{name}/{scope(event)}/{key}": value for key, value in known.items()}
    return {}


def expected(run):
    """Tag → list of (step, value in single precision, seconds since the beginning)."""
    tags, training, evaluation = {}, 0.0, 0.0
    for line in (run / "events.jsonl").read_text().splitlines():
        event = json.loads(line)
        if event["event"] == "step":
            training = event["seconds_training"]
        if event["event"] == "evaluated":
            evaluation += event["cost"]
        for tag, value in scalars(event).items():
            with numpy.errstate(over="ignore"):
                single = float(numpy.float32(float(value)))
            tags.setdefault(tag, []).append((event["step"], single, training + evaluation))
    return tags


def main():
    run, log = map(Path, sys.argv[1:3])
    accumulator = EventAccumulator(str(log), size_guidance={"scalars": 0})
    accumulator.Reload()
    wanted, found = expected(run), accumulator.Tags()["scalars"]
    if set(found) != set(wanted):
        print(f"tags differ: {sorted(set(found) ^ set(wanted))}")
        return 1
    began, count = accumulator.FirstEventTimestamp(), 0
    for tag, values in wanted.items():
        read = accumulator.Scalars(tag)
        if len(read) != len(values):
            print(f"{tag}: found {len(read)} values, expected {len(values)}")
            return 1
        for scalar, (step, value, seconds) in zip(read, values):
            same = scalar.value == value or (math.isnan(scalar.value) and math.isnan(value))
            if scalar.step != step or not same or abs(scalar.wall_time - began - seconds) > 1e-5:
                print(f"{tag}: found {scalar}, expected step {step}, value {value}, {seconds} s")
                return 1
            count += 1
    print(f"{count} scalars of {len(wanted)} tags are equal")
    return 0


sys.exit(main())
