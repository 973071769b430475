"""Time one Adam step of PyTorch on the autoencoder: forward, backward and update."""

from collections.abc import Iterator
from importlib.metadata import version

import torch
from torch import nn

from common import AUTOENCODER, BATCH, Batch, Step, run
from torch_network import network

# η of kfra-tui's step: Adam's weight decay adds η θ to the gradient.
L2 = 1e-5


def adam_step(batch: Batch, compiled: bool, **implementation: bool) -> Step:
    """Return a function that makes one step with the given implementation of Adam."""
    inputs = torch.from_numpy(batch.images)
    model = network(AUTOENCODER)
    cross_entropy = nn.BCEWithLogitsLoss(reduction="sum")
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=L2, **implementation)

    def objective() -> torch.Tensor:
        return cross_entropy(model(inputs), inputs) / BATCH

    if compiled:
        objective = torch.compile(objective)

    def step() -> None:
        optimizer.zero_grad()
        objective().backward()
        optimizer.step()

    return step


def eager(batch: Batch) -> Iterator[tuple[str, Step]]:
    """Yield PyTorch's three implementations of Adam."""
    yield "Adam, loop", adam_step(batch, compiled=False, foreach=False)
    yield "Adam, foreach", adam_step(batch, compiled=False, foreach=True)
    yield "Adam, fused", adam_step(batch, compiled=False, fused=True)


def compiled(batch: Batch) -> Iterator[tuple[str, Step]]:
    """Yield fused Adam with forward and backward compiled (needs a C++ compiler)."""
    yield "Adam, fused, torch.compile", adam_step(batch, compiled=True, fused=True)


if __name__ == "__main__":
    run(
        f"PyTorch {version('torch')}",
        {"adam_step": eager, "adam_step_compiled": compiled},
        torch.set_num_threads,
    )
