"""Reads weights, or a checkpoint, with the `safetensors` package, and compares them with the bytes of the file, taken apart by
hand, and with the widths of the run.

    python tests/peers/safetensors.py RUN FILE

Exit code 0: all are equal; 1: not; 77: safetensors is not installed.
"""

import json
import struct
import sys
from pathlib import Path

# This file is named as the package it looks for.
sys.path.pop(0)
try:
    import numpy
    from safetensors.numpy import load_file
except ImportError:
    print("safetensors is not installed")
    sys.exit(77)

KINDS = {"F64": "<f8", "F32": "<f4", "U64": "<u8", "I64": "<i8", "U32": "<u4", "I32": "<i4", "U8": "u1"}


def by_hand(file):
    """Name → array, by the description of the format."""
    content = file.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        numbers = numpy.frombuffer(data[begin:end], KINDS[entry["dtype"]])
        tensors[name] = numbers.reshape(entry["shape"])
    return tensors


def shapes(run):
    """Name → shape, by the architecture that the run log begins with."""
    with (run / "events.jsonl").open() as log:
        architecture = json.loads(log.readline())["architecture"]
    found, width = {}, architecture["input"]
    for layer, units in enumerate((layer["units"] for layer in architecture["layers"]), 1):
        found[f"layers.{layer}.weight"] = (units, width)
        if architecture["bias"]:
            found[f"layers.{layer}.bias"] = (units,)
        width = units
    return found


def main():
    run, file = map(Path, sys.argv[1:3])
    read, expected, wanted = load_file(file), by_hand(file), shapes(run)
    weights = {name: array for name, array in read.items() if name.startswith("layers.")}
    if {name: array.shape for name, array in weights.items()} != wanted or read.keys() != expected.keys():
        print(f"found {sorted(read)}, expected {wanted}")
        return 1
    for name, array in expected.items():
        if read[name].dtype != array.dtype or read[name].tobytes() != array.tobytes():
            print(f"{name}: the numbers differ")
            return 1
    print(f"{sum(array.size for array in weights.values())} weights of {len(weights)} tensors are equal")
    return 0


sys.exit(main())
