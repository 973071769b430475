"""Compare curvature quantities of ``kfra-tui inspect`` with curvlinops, on the same weights and batch.

Prints one table: the value of both sides, their relative difference, which must be at most
1e-5, and the ratio of their times, each without start-up. The weights are float32 numbers on
both sides; curvlinops computes in float32, kfra-tui in double precision.

    python benches/peers/curvature.py --binary target/release/kfra-tui

The exit status is 1 if a difference is too large.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from curvlinops import GGNLinearOperator, HessianLinearOperator
from safetensors.numpy import load_file, save_file
from scipy.sparse.linalg import eigsh

TOLERANCE = 1e-5
SMALL = (20, 40, 30, 10)
LARGE = (784, 200, 100, 10)
DATA = 64
EIGENVALUES = 10
COLUMNS = 256


class Problem:
    """A tanh classifier with random weights and data, for both sides."""

    def __init__(self, widths: tuple[int, ...], folder: Path) -> None:
        rng = np.random.default_rng(1)
        self.widths, self.folder = widths, folder
        folder.mkdir()
        modules: list[torch.nn.Module] = []
        for index, (inputs, outputs) in enumerate(pairwise(widths)):
            linear = torch.nn.Linear(inputs, outputs)
            with torch.no_grad():
                weight = rng.standard_normal((outputs, inputs)) / np.sqrt(inputs)
                linear.weight.copy_(torch.from_numpy(weight))
                linear.bias.copy_(torch.from_numpy(0.1 * rng.standard_normal(outputs)))
            modules.append(linear)
            if index < len(widths) - 2:
                modules.append(torch.nn.Tanh())
        self.model = torch.nn.Sequential(*modules)
        inputs = rng.standard_normal((DATA, widths[0])).astype(np.float32)
        labels = rng.integers(widths[-1], size=DATA)
        self.data = [(torch.from_numpy(inputs), torch.from_numpy(labels))]
        one_hot = np.eye(widths[-1], dtype=np.float32)[labels]
        # The names of nn.Sequential are known to inspect.
        weights = {name: x.detach().numpy() for name, x in self.model.state_dict().items()}
        save_file(weights, folder / "weights.safetensors")
        save_file({"inputs": inputs, "targets": one_hot}, folder / "batch.safetensors")
        hidden = ", ".join(f'{{ units = {units}, activation = "tanh" }}' for units in widths[1:-1])
        text = (
            f"[network]\ninput = {widths[0]}\noutput = {widths[-1]}\nlayers = [{hidden}]\n"
            '[loss]\nkind = "categorical"\n[optimizer]\nkind = "kfra"\n'
            "[diagnostics]\nexact_limit = 4096\n"
        )
        (folder / "case.toml").write_text(text)

    def parameters(self) -> Iterator[tuple[int, list[torch.nn.Parameter]]]:
        """Yield each layer with its weight and bias."""
        layers = [module for module in self.model if isinstance(module, torch.nn.Linear)]
        for layer, module in enumerate(layers, start=1):
            yield layer, [module.weight, module.bias]

    def operator(self, kind: type, parameters: list[torch.nn.Parameter]):  # noqa: ANN201
        """Make the curvature operator of the mean loss over some parameters."""
        loss = torch.nn.CrossEntropyLoss(reduction="mean")
        return kind(self.model, loss, parameters, self.data, check_deterministic=False)

    def ours(self, binary: Path, quantity: str) -> tuple[dict[str, np.ndarray], float]:
        """Return what ``inspect`` writes of a quantity, and the seconds it took."""
        out = self.folder / f"{quantity}.safetensors"
        command = [binary, "inspect", self.folder / "case.toml", "--quantities", quantity, "--out", out]
        for name in ("weights", "batch"):
            command += [f"--{name}", self.folder / f"{name}.safetensors"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found = re.search(r"results in ([\d.]+) s", done.stderr)
        if found is None:
            sys.exit(f"no time in: {done.stderr}")
        return load_file(out), float(found[1])


def timed(work: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
    """Return what work returns, and its seconds."""
    began = time.perf_counter()
    found = work()
    return found, time.perf_counter() - began


def largest(problem: Problem) -> np.ndarray:
    """Return the largest eigenvalue of the Hessian, by the Lanczos iteration of SciPy."""
    operator = problem.operator(HessianLinearOperator, list(problem.model.parameters())).to_scipy()
    start = np.random.default_rng(0).standard_normal(operator.shape[0]).astype(np.float32)
    return eigsh(operator, k=1, which="LA", v0=start, tol=1e-6, return_eigenvectors=False)


def traces(problem: Problem, kind: type) -> np.ndarray:
    """Return the exact trace of each layer's block, from its products with unit vectors."""
    found = []
    for _, parameters in problem.parameters():
        operator = problem.operator(kind, parameters)
        size, total = operator.shape[0], 0.0
        for start in range(0, size, COLUMNS):
            count = min(COLUMNS, size - start)
            unit = torch.zeros(size, count)
            unit[range(start, start + count), range(count)] = 1.0
            total += (operator @ unit)[range(start, start + count), range(count)].double().sum().item()
        found.append(total)
    return np.array(found)


def spectrum(problem: Problem) -> np.ndarray:
    """Return the largest eigenvalues of the Gauss-Newton matrix, formed by products with unit vectors."""
    operator = problem.operator(GGNLinearOperator, list(problem.model.parameters()))
    matrix = operator @ torch.eye(operator.shape[0])
    return torch.linalg.eigvalsh(matrix).numpy()[::-1][:EIGENVALUES]


def layers_of(found: dict[str, np.ndarray], name: str, problem: Problem) -> np.ndarray:
    """Return a number of every layer."""
    return np.array([found[f"{name}.{layer}"][0] for layer, _ in problem.parameters()])


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = Path(__file__).resolve().parents[2]
    parser.add_argument("--binary", type=Path, default=root / "target/release/kfra-tui")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    failed = False
    print(f"{'quantity':44} {'P':>8} {'ours':>14} {'curvlinops':>14} {'difference':>11} {'time ours/theirs':>17}")
    with tempfile.TemporaryDirectory() as folder:
        for widths in (SMALL, LARGE):
            problem = Problem(widths, Path(folder) / str(widths[0]))
            size = sum(parameter.numel() for parameter in problem.model.parameters())
            hessian, seconds = problem.ours(arguments.binary, "hessian")
            rows = [("λ max of the Hessian", hessian["hessian.largest.all"], seconds, timed(lambda: largest(problem)))]
            if widths == SMALL:
                # Both sides trace every block; ours finds extreme eigenvalues in the same seconds.
                rows += [
                    (
                        f"trace of the {name} blocks",
                        layers_of(hessian, key, problem),
                        seconds,
                        timed(lambda kind=kind: traces(problem, kind)),
                    )
                    for name, key, kind in (
                        ("Hessian", "hessian.trace", HessianLinearOperator),
                        ("Gauss-Newton", "hessian.gauss_newton_trace", GGNLinearOperator),
                    )
                ]
                ours, seconds = problem.ours(arguments.binary, "spectrum")
                top = ours["spectrum.eigenvalues.all"][:EIGENVALUES]
                rows.append((f"{EIGENVALUES} largest eigenvalues of Ḡ", top, seconds, timed(lambda: spectrum(problem))))
            for name, ours, seconds, (theirs, peer) in rows:
                difference = float(np.max(np.abs(ours - theirs) / np.abs(theirs)))
                failed |= not difference <= TOLERANCE
                worst = int(np.argmax(np.abs(ours - theirs) / np.abs(theirs)))
                print(
                    f"{name:44} {size:8} {ours[worst]:14.7g} {theirs[worst]:14.7g} {difference:11.1e} "
                    f"{seconds / peer:8.3f} ({seconds:.2f} s)"
                )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
