"""Time kfra-tui against its peers and print one table with the required bounds.

Peers and ``kfra-tui bench`` run in turn, each in a process of its own, for several
rounds. Each run yields a median; the table has the median over the rounds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
BINARY = HERE.parents[1] / "target" / "release" / "kfra-tui"
# These force a kernel on OpenBLAS that need not be the best one for the CPU.
UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
# More foreign load than this, in CPUs, and the figures prove nothing.
QUIET = 0.05
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


# What the rounds of one pair found: the entries (ours, peer's) of the reports.
Rounds = list[tuple[dict, dict]]


@dataclass(frozen=True)
class Pair:
    """One phase of kfra-tui and the peer's phase that it is compared with.

    `bound` is the largest allowed ratio ours/peer, None for a row that only informs.
    """

    ours: str
    script: str
    peers: str
    bound: float | None
    repeat: int = 10
    statistics: tuple[str, ...] = ("seconds",)


PAIRS = (
    Pair("adam_step", "torch_adam.py", "adam_step", 1.0),
    Pair("adam_step", "torch_adam.py", "adam_step_compiled", None),
    Pair("gradient_and_kfra", "backpack_factors.py", "gradient_and_kfra", 0.75),
    Pair("gradient_and_kfac", "backpack_factors.py", "gradient_and_kfac", 0.75),
    Pair("gradient_and_kfac", "backpack_factors.py", "gradient_and_kfac_weights_only", None),
    Pair(
        "gradient_and_kflr_classifier",
        "backpack_factors.py",
        "gradient_and_kflr_classifier",
        0.5,
    ),
    Pair(
        "gradient_and_kflr_classifier",
        "backpack_factors.py",
        "gradient_and_kflr_classifier_weights_only",
        None,
    ),
    # 20 steps: each inversion of the factors is followed by 19 steps without one.
    Pair(
        "kfac_step_fixed_damping", "kfac_jax_step.py", "kfac_step", 0.75, 20, ("seconds", "mean")
    ),
    Pair("kfac_step", "kfac_jax_step.py", "kfac_step", None, 20, ("seconds", "mean")),
)

NOTES = """\
Times: median over the rounds [smallest-largest round]. Ratio: ours / peer.
Rows without a bound only inform. "mean" is the mean over all steps of a run instead of
their median: for the KFAC step it takes in the inversions. BackPACK has no Bernoulli loss
for many outputs: where MSELoss stands, it has the squared error instead (equal sizes)."""


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=5, help="runs of each program (default 5)")
    parser.add_argument("--repeat", type=int, help="repetitions per run (default 10; KFAC step 20)")
    parser.add_argument("--threads", type=int, default=2, help="threads and CPUs (default 2)")
    parser.add_argument("--binary", type=Path, default=BINARY, help="the kfra-tui to measure")
    parser.add_argument("--data", type=Path, help="the peers' MNIST folder")
    parser.add_argument(
        "--only",
        action="append",
        choices=sorted({pair.ours for pair in PAIRS}),
        help="phase (repeatable; default all)",
    )
    return parser.parse_args()


def environment(threads: int) -> dict[str, str]:
    """Return the environment of all measured programs."""
    kept = {name: value for name, value in os.environ.items() if name not in UNSET}
    return kept | dict.fromkeys(THREADS, str(threads))


def limit_cpus(threads: int) -> None:
    """Leave this process and those it starts as many CPUs as they have threads."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def bench(command: list[str], phase: str, repeat: int, threads: int) -> dict:
    """Run one phase of a program; return its entry in the report, with the peer's name."""
    command = [*command, "--json", "--only", phase]
    command += ["--repeat", str(repeat), "--threads", str(threads)]
    done = subprocess.run(
        command, env=environment(threads), stdout=subprocess.PIPE, text=True, check=True
    )
    report = json.loads(done.stdout)
    entry = {entry["name"]: entry for entry in report["phases"]}[phase]
    return {"peer": report.get("peer", ""), **entry}


def measure(pairs: list[Pair], args: argparse.Namespace) -> dict[Pair, Rounds]:
    """Run peer and ours in turn; a pair of which a program fails is left out of the result."""
    data = ["--data", str(args.data.resolve())] if args.data else []
    results: dict[Pair, Rounds] = {pair: [] for pair in pairs}
    for turn in range(args.rounds):
        for pair in list(results):
            print(f"round {turn + 1}/{args.rounds}: {pair.peers}", file=sys.stderr)
            repeat = args.repeat or pair.repeat
            peer_command = [sys.executable, str(HERE / pair.script), *data]
            our_command = [str(args.binary.resolve()), "bench"]
            try:
                peer = bench(peer_command, pair.peers, repeat, args.threads)
                ours = bench(our_command, pair.ours, repeat, args.threads)
            except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
                print(f"{pair.peers} failed: {error!r}", file=sys.stderr)
                del results[pair]
                continue
            results[pair].append((ours, peer))
    return results


class Disturbance:
    """Measures how much CPU time other programs use (Linux only; elsewhere always 0)."""

    def __init__(self) -> None:
        self.start = self.counters()

    @staticmethod
    def counters() -> tuple[float, float]:
        """Return the CPU seconds used by everything else and the wall clock's seconds."""
        stat = Path("/proc/stat")
        if not stat.exists():
            return 0.0, time.monotonic()
        user, nice, system, _, _, irq, softirq = map(int, stat.read_text().split()[1:8])
        busy = (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
        used = os.times()
        own = used.user + used.system + used.children_user + used.children_system
        return busy - own, time.monotonic()

    def share(self) -> float:
        """Return the CPUs that other programs kept busy on average since the start."""
        others, now = self.counters()
        return max(0.0, others - self.start[0]) / (now - self.start[1])


def milliseconds(seconds: list[float]) -> str:
    """Format the median and the range of some times."""
    middle, low, high = (1e3 * f(seconds) for f in (statistics.median, min, max))
    return f"{middle:.1f} [{low:.1f}-{high:.1f}]"


def table_row(pair: Pair, statistic: str, rounds: Rounds) -> tuple[str, ...]:
    """Return the cells of one line of the table."""
    phase = pair.ours if statistic == "seconds" else f"{pair.ours}, {statistic}"
    bound = "" if pair.bound is None else f"{pair.bound:.2f}"
    if not rounds:
        return phase, f"{pair.script} {pair.peers}", "", "", "", bound, "failed"
    peer_name = f"{rounds[0][1]['peer']} {statistics.mode(peer['variant'] for _, peer in rounds)}"
    peer = [peer[statistic] for _, peer in rounds]
    ours = [ours[statistic] for ours, _ in rounds if statistic in ours]
    if not ours:
        return phase, peer_name, "not reported", milliseconds(peer), "", bound, "?"
    ratio = statistics.median(ours) / statistics.median(peer)
    met = "" if pair.bound is None else "yes" if ratio <= pair.bound else "NO"
    return phase, peer_name, milliseconds(ours), milliseconds(peer), f"{ratio:.2f}", bound, met


def print_table(rows: list[tuple[str, ...]]) -> None:
    """Print the rows as a Markdown table with aligned columns."""
    header = ("phase", "peer", "ours, ms", "peer, ms", "ratio", "bound", "met")
    widths = [max(map(len, column)) for column in zip(header, *rows)]
    for row in (header, tuple("-" * width for width in widths), *rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")


def main() -> int:
    """Measure and print the table; return 1 if a bound was missed, 2 if others disturbed us."""
    args = arguments()
    limit_cpus(args.threads)
    pairs = [pair for pair in PAIRS if not args.only or pair.ours in args.only]
    disturbance = Disturbance()
    results = measure(pairs, args)
    share = disturbance.share()
    rows = [
        table_row(pair, statistic, results.get(pair, []))
        for pair in pairs
        for statistic in pair.statistics
    ]
    print_table(rows)
    print(f"\n{args.rounds} rounds, {args.threads} threads, batch of 1000, float32.\n{NOTES}")
    print(f"Other programs kept {share:.2f} CPUs busy.")
    if share > QUIET:
        print("The machine was NOT QUIET: these figures prove nothing, measure again.")
        return 2
    return int(any(row[-2] and row[-1] in ("NO", "failed") for row in rows))


if __name__ == "__main__":
    sys.exit(main())
