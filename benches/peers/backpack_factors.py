"""Time BackPACK's gradient together with its KFRA, KFAC and KFLR factors.

BackPACK's Bernoulli loss takes one output only, so the autoencoder gets the squared
error here: the sizes of all products stay the same.

BackPACK computes the output-side factor of KFAC and KFLR twice in a layer with a bias,
once for the weight and once for the bias. The phases ``..._weights_only`` freeze the
biases, which leaves this out.
"""

import warnings
from collections.abc import Iterator
from functools import partial
from importlib.metadata import version

import torch
from backpack import backpack, extend
from backpack.extensions import KFAC, KFLR, KFRA
from torch import nn

from common import AUTOENCODER, CLASSIFIER, Batch, Phase, Step, run
from torch_network import network

KFAC_ONE_SAMPLE = partial(KFAC, mc_samples=1)


def factors(
    batch: Batch, label: str, extension: type, classify: bool = False, biases: bool = True
) -> Iterator[tuple[str, Step]]:
    """Yield the step that computes the gradient and the factors of `extension`."""
    inputs = torch.from_numpy(batch.images)
    targets = torch.from_numpy(batch.labels) if classify else inputs
    model = extend(network(CLASSIFIER if classify else AUTOENCODER))
    loss_function = extend(nn.CrossEntropyLoss() if classify else nn.MSELoss())
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(biases or not name.endswith("bias"))

    def step() -> None:
        model.zero_grad()
        loss = loss_function(model(inputs), targets)
        with backpack(extension()):
            loss.backward()

    yield label, step


def phase(label: str, extension: type, **options: bool) -> Phase:
    """Bind the settings of one phase."""
    return partial(factors, label=label, extension=extension, **options)


PHASES = {
    "gradient_and_kfra": phase("KFRA, MSELoss", KFRA),
    "gradient_and_kfac": phase("KFAC, MSELoss", KFAC_ONE_SAMPLE),
    "gradient_and_kfac_weights_only": phase(
        "KFAC, MSELoss, biases frozen", KFAC_ONE_SAMPLE, biases=False
    ),
    "gradient_and_kflr_classifier": phase("KFLR, CrossEntropyLoss", KFLR, classify=True),
    "gradient_and_kflr_classifier_weights_only": phase(
        "KFLR, CrossEntropyLoss, biases frozen", KFLR, classify=True, biases=False
    ),
}

if __name__ == "__main__":
    # The network's inputs need no gradient, which is all that this warning says.
    warnings.filterwarnings("ignore", message="Full backward hook is firing")
    run(f"BackPACK {version('backpack-for-pytorch')}", PHASES, torch.set_num_threads)
