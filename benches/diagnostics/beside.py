"""Measure how much of its speed a run keeps beside its diagnostics.

    cargo build --release
    python3 benches/diagnostics/beside.py

Trains the same updates with the diagnostics of the experiment and without any, one after the
other, and prints the median over pairs of the ratio of their seconds of training beside the bound,
1 - budget. The diagnostics, rank and Hessian of 2.8 million parameters, take far longer than their
share lets them: they are held to it all along. Needs an idle machine and nothing but Python's
standard library.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
from pathlib import Path


def train(arguments: argparse.Namespace, out: Path, settings: list[str]) -> float:
    """Seconds of training."""
    command = [arguments.binary, "run", arguments.experiment, "--quiet", "--out", out]
    settings = [*settings, f"train.updates={arguments.updates}", "train.evaluate_every=0"]
    # Wall time: what the diagnostics take from training is in it.
    subprocess.run([*command, *(part for setting in settings for part in ("--set", setting))], check=True)
    return json.loads((out / "summary.json").read_text())["seconds_training"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=Path, default=Path("target/release/kfra-tui"))
    parser.add_argument("--experiment", default="experiments/mnist-autoencoder-kfra.toml")
    parser.add_argument("--updates", type=int, default=250)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--budget", type=float, default=0.1)
    arguments = parser.parse_args()
    without = ["diagnostics.rank.every=0", "diagnostics.hessian.every=0"]
    beside = [f"diagnostics.budget={arguments.budget}"]
    speeds = []
    with tempfile.TemporaryDirectory() as folder:
        for count in range(arguments.rounds):
            alone = train(arguments, Path(folder) / f"alone-{count}", without)
            watched = train(arguments, Path(folder) / f"watched-{count}", beside)
            speeds.append(alone / watched)
            print(f"{arguments.updates} updates: {alone:.1f} s alone, {watched:.1f} s beside diagnostics", flush=True)
    print(f"speed beside diagnostics: {statistics.median(speeds):.3f}, bound {1 - arguments.budget:.3f}")


if __name__ == "__main__":
    main()
