"""Measure what the workbench feels like and what it costs, through a pseudo-terminal.

    cargo build --release
    python3 benches/screen/measure.py

Prints one table: the time from the program's start to its first frame and to the first
training points (medians over several starts), how long a key waits for its frame while all
cores train (half of all keys, and all but one in a hundred), what is drawn while the run
stands still, how long ``kfra-tui view`` takes to show a run of a million recorded updates, and
how much slower training is with the screen than without (``kfra-tui run``): the median over
pairs of runs, one after the other, of the ratio of their times, and its quartiles. Needs an
idle machine and nothing but Python's standard library, on Linux or macOS.
"""

import argparse
import fcntl
import json
import os
import pty
import re
import select
import signal
import statistics
import struct
import subprocess
import tempfile
import termios
import time
from pathlib import Path

ROWS, COLUMNS = 36, 120

# A network so small that a million updates take minutes.
MILLION = """
name = "million"
[data]
source = "digits"
task = "classify"
[network]
layers = []
[loss]
kind = "categorical"
[optimizer]
kind = "sgd"
[train]
batch = 1
updates = 1_000_000
evaluate_every = 0
"""


class Screen:
    """The workbench in a pseudo-terminal."""

    def __init__(self, binary: Path, arguments: list[str]) -> None:
        self.began = time.monotonic()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm-256color"
            os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp()
            os.execv(binary, [str(binary), *arguments])
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.kill(self.pid, signal.SIGWINCH)
        self.text = ""

    def read(self, seconds: float) -> str:
        """Return what is drawn within so many seconds, as soon as anything is."""
        ready, _, _ = select.select([self.terminal], [], [], seconds)
        if not ready:
            return ""
        try:
            drawn = os.read(self.terminal, 1 << 16).decode(errors="replace")
        except OSError:
            return ""
        self.text += drawn
        return drawn

    def wait_for(self, pattern: str, seconds: float) -> float:
        """Return the seconds from the start until ``pattern`` was drawn."""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.text):
            if time.monotonic() > deadline:
                raise SystemExit(f"nothing like {pattern!r} was drawn within {seconds} s")
            self.read(0.05)
        return time.monotonic() - self.began

    def press(self, key: str) -> None:
        try:
            os.write(self.terminal, key.encode())
        except OSError:
            pass  # It is over.

    def wait(self) -> None:
        """Read until the program ends."""
        while True:
            self.read(0.2)
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                return


def key_latency(screen: Screen, keys: int) -> list[float]:
    """Milliseconds from a key to the frame that answers it.

    The key opens or closes the help, whose heading no other frame redraws: the answer is
    the first output with it (opened) or with the pane it covered (closed).
    """
    latencies = []
    for count in range(keys):
        while screen.read(0.03):
            pass  # A frame that was under way.
        answer = "Keys" if count % 2 == 0 else "Rank|Hessian|Loss|Timing"
        screen.text = ""
        began = time.monotonic()
        screen.press("?" if count % 2 == 0 else "\x1b")
        while not re.search(answer, screen.text):
            screen.read(0.01)
            if time.monotonic() - began > 5:
                break
        latencies.append(1000 * (time.monotonic() - began))
        time.sleep(0.05 + 0.037 * (count % 7))
    return latencies


def leave(screen: Screen) -> None:
    """Quit, which ends the run; where it is over by itself there is nothing to ask."""
    screen.press("q")
    time.sleep(0.3)
    screen.press("y")
    screen.wait()


def seconds_training(folder: str) -> float:
    return json.loads((Path(folder) / "summary.json").read_text())["seconds_training"]


def seconds_to_view(binary: Path, folder: str, starts: int) -> list[float]:
    """Return the seconds until a run of a million updates is on the screen."""
    experiment, out = Path(folder) / "million.toml", f"{folder}/million"
    experiment.write_text(MILLION)
    subprocess.run([binary, "run", experiment, "--quiet", "--out", out], check=True)
    seconds = []
    for _ in range(starts):
        screen = Screen(binary, ["view", out])
        seconds.append(screen.wait_for("1,000,000", 60))
        leave(screen)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=Path, default=Path("target/release/kfra-tui"))
    parser.add_argument("--experiment", default="experiments/mnist-autoencoder-kfra.toml")
    parser.add_argument("--keys", type=int, default=60)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=15, help="pairs of runs, two or more")
    parser.add_argument("--settle", type=float, default=20, help="seconds for diagnostics under way to end")
    parser.add_argument("--updates", type=int, default=60)
    arguments = parser.parse_args()
    print(f"{'quantity':<44}  {'measured':>10}  bound")
    with tempfile.TemporaryDirectory() as folder:
        frames, points = [], []
        for count in range(arguments.starts):
            if count > 0:
                leave(screen)
            screen = Screen(arguments.binary, [arguments.experiment, "--out", f"{folder}/start-{count}"])
            frames.append(screen.wait_for("Loss", 10))
            points.append(screen.wait_for("samples/s", 30))
        print(f"{'first frame':<44}  {statistics.median(frames):>8.3f} s  1 s")
        print(f"{'first training points':<44}  {statistics.median(points):>8.3f} s  3 s", flush=True)
        time.sleep(2)
        latencies = sorted(key_latency(screen, arguments.keys))
        print(f"{'key to frame, median':<44}  {statistics.median(latencies):>7.1f} ms")
        print(f"{'key to frame, 99th percentile':<44}  {latencies[int(0.99 * (len(latencies) - 1))]:>7.1f} ms  50 ms", flush=True)
        screen.press(" ")
        screen.wait_for("paused", 10)
        time.sleep(arguments.settle)
        while screen.read(0.5):
            pass
        drawn = sum(len(screen.read(0.1)) for _ in range(100))
        print(f"{'drawn in 10 s, paused and untouched':<44}  {drawn:>5} bytes  0 bytes", flush=True)
        leave(screen)
        seconds = statistics.median(seconds_to_view(arguments.binary, folder, arguments.starts))
        print(f"{'a run of a million updates in view':<44}  {seconds:>8.3f} s  2 s", flush=True)
        times: dict[str, list[float]] = {"run": [], "screen": []}
        plain = ["--set", "diagnostics.rank.every=0", "--set", "diagnostics.hessian.every=0"]
        plain += ["--set", f"train.updates={arguments.updates}", "--set", "train.evaluate_every=0"]
        for count in range(arguments.rounds):
            # Each is the first as often as the other, so that a clock that slows down favours neither.
            for kind in list(times) if count % 2 == 0 else reversed(times):
                out = f"{folder}/{kind}-{count}"
                command = [arguments.experiment, *plain, "--out", out]
                if kind == "run":
                    subprocess.run([arguments.binary, "run", *command, "--quiet"], check=True)
                else:
                    screen = Screen(arguments.binary, command)
                    while not (Path(out) / "summary.json").exists():
                        screen.read(0.2)
                    leave(screen)
                times[kind].append(seconds_training(out))
        without, within = statistics.median(times["run"]), statistics.median(times["screen"])
        ratios = [100 * (b / a - 1) for a, b in zip(times["run"], times["screen"], strict=True)]
        low, ratio, high = statistics.quantiles(ratios, n=4, method="inclusive")
        print(f"{f'training, {arguments.updates} updates, without screen':<44}  {without:>8.3f} s")
        print(f"{f'training, {arguments.updates} updates, with screen':<44}  {within:>8.3f} s")
        print(f"{'slower with screen':<44}  {ratio:>8.2f} %  2 %; half of the pairs: {low:.2f} to {high:.2f} %")


if __name__ == "__main__":
    main()
