"""Leave the workbench alone with somebody who presses keys at random, and see whether it grows or slows down.

    cargo build --release
    python3 benches/soak/soak.py --minutes 120

The run trains at full speed on the digits with every diagnostic measured again and again, while keys are pressed that
change views, axes, dampings and the optimizer (none that start or delete runs, or leave). Prints what the process
holds in memory and how long a key waits for its frame, over the first part of the time and over the last, and fails
where memory grew by more than 5 % after the first part, keys came to wait longer, or an event is missing in the log.
Needs nothing but Python's standard library, on Linux.
"""

import argparse
import json
import os
import random
import re
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "screen"))
from measure import Screen  # noqa: E402

EXPERIMENT = """
name = "soak"
seed = 1
data = {{ source = "digits", task = "classify" }}
loss = {{ kind = "categorical" }}
optimizer = {{ kind = "kfra" }}

[network]
layers = [{{ units = 20, activation = "tanh" }}, {{ units = 12, activation = "tanh" }}]

[train]
batch = 100
updates = 100000000
evaluate_every = 200
checkpoint_every = 5000

[diagnostics]
budget = 0.5
{diagnostics}
"""

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
# What may be pressed on the Train screen; each leaves no line to type behind.
TRAIN = [
    *"zvlLxac+-f0<>1234hjk[]CM",
    *(UP, DOWN, RIGHT, LEFT, "\t", "\x0c"),
    *("g1e-2\r", "t0.5\r", "g3\r", "e\x1b", "m" + DOWN + "\x1b", "?" + DOWN * 5 + "\x1b", ":loss\x1b", "w"),
    *("og" + DOWN * place + "\r" for place in range(9)),
]
# And on the others.
RUNS = [*"R", *"svigvlLX", " ", UP, DOWN, "/lr > 0\r", "/\x15\r", "T"]
DESIGN = [*"D", *"hjkl", "G", "\t", "a", "u", "K", "J", UP, DOWN, "i\x1b", "T"]


def diagnostics() -> str:
    """Every diagnostic that there is, every 50 updates."""
    fields = (Path(__file__).resolve().parents[2] / "docs/experiment.md").read_text()
    names = re.findall(r"`diagnostics\.(\w+)\.every`", fields)
    assert names, "docs/experiment.md names the diagnostics"
    return "\n".join(f"{name} = {{ every = 50, data = 16 }}" for name in names)


def memory(pid: int) -> float:
    """MiB that the process holds."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def wait_for_frame(screen: Screen) -> float:
    """Milliseconds from a key to the frame that answers it; the key opens the help."""
    screen.press("\x1b")
    time.sleep(0.1)
    screen.press("\x1b")
    time.sleep(0.1)
    screen.press("T")
    while screen.read(0.05):
        pass
    screen.text = ""
    began = time.monotonic()
    screen.press("?")
    while "Keys" not in screen.text and time.monotonic() - began < 5:
        screen.read(0.01)
    waited = 1000 * (time.monotonic() - began)
    screen.press("\x1b")
    return waited


def percentile(values: list[float], share: float) -> float:
    values = sorted(values)
    return values[round(share * (len(values) - 1))]


def check_log(folder: Path) -> tuple[int, int]:
    """The number of events and of updates of a log in which none is missing."""
    events = updates = 0
    for line in (folder / "events.jsonl").open():
        event = json.loads(line)
        number = event.get("seq", events)
        assert number == events, f"event {events} is missing, found {number}"
        events += 1
        if event["event"] == "step":
            updates += 1
            assert event["step"] == updates, f"update {updates} is missing, found {event['step']}"
    return events, updates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=Path, default=Path("target/release/kfra-tui"))
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--warm", type=float, default=10, help="minutes of the first part")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    binary = arguments.binary.resolve()
    draw = random.Random(arguments.seed)
    warm = min(arguments.warm, arguments.minutes / 4)
    text = EXPERIMENT.format(diagnostics=diagnostics())
    with tempfile.TemporaryDirectory() as home:
        os.chdir(home)
        Path("soak.toml").write_text(text)
        screen = Screen(binary, ["soak.toml", "--out", "out"])
        screen.wait_for("samples/s", 60)
        began, keys, told = time.monotonic(), 0, 0
        samples: list[tuple[float, float, float]] = []
        while (minutes := (time.monotonic() - began) / 60) < arguments.minutes:
            until = time.monotonic() + 1
            where = draw.choices([TRAIN, RUNS, DESIGN], [8, 1, 1])[0]
            for key in ([] if where is TRAIN else [where[0]]) + draw.choices(where, k=8):
                screen.press(key)
                keys += 1
                screen.read(0.02)
            # Training stands still where a change led it astray.
            if "paused" in screen.text[-4000:]:
                screen.press("\x1bT\x1bo\r ")
            samples.append((minutes, memory(screen.pid), wait_for_frame(screen)))
            if int(minutes) > told:
                told = int(minutes)
                print(f"after {told} minutes: {samples[-1][1]:.1f} MiB", flush=True)
            while time.monotonic() < until:
                screen.read(0.05)
            screen.text = screen.text[-8000:]
        os.kill(screen.pid, signal.SIGTERM)
        screen.wait()
        events, updates = check_log(Path("out"))
    first = [sample for sample in samples if sample[0] <= warm]
    last = [sample for sample in samples if sample[0] > arguments.minutes - warm]
    grown = max(sample[1] for sample in last) / max(sample[1] for sample in first) - 1
    waits = [[sample[2] for sample in part] for part in (first, last)]
    print(f"{arguments.minutes:g} minutes, {keys} keys, {updates} updates, {events} events in the log, none missing")
    print(f"memory: {max(s[1] for s in first):.1f} MiB in the first {warm:g} minutes, {max(s[1] for s in last):.1f} MiB"
          f" in the last: {100 * grown:+.1f} %")
    for name, share in (("median", 0.5), ("99th percentile", 0.99)):
        print(f"key to frame, {name}: {percentile(waits[0], share):.1f} ms, then {percentile(waits[1], share):.1f} ms")
    slower = percentile(waits[1], 0.99) - percentile(waits[0], 0.99)
    noise = statistics.pstdev(waits[0])
    if grown > 0.05 or slower > max(10, 3 * noise):
        raise SystemExit("it grew, or slowed down")


if __name__ == "__main__":
    main()
