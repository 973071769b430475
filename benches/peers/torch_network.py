"""The networks of ``common.py`` as PyTorch modules."""

import torch
from torch import nn

from common import layers


def network(widths: tuple[int, ...]) -> nn.Sequential:
    """Build the fully connected network with the given widths."""
    torch.manual_seed(0)
    modules: list[nn.Module] = []
    for inputs, outputs, tanh in layers(widths):
        modules.append(nn.Linear(inputs, outputs))
        if tanh:
            modules.append(nn.Tanh())
    return nn.Sequential(*modules)
