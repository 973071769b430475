"""Time a whole optimizer step of kfac-jax on the autoencoder.

Each step has fresh factors from one sample per datum and an exact quadratic model for
step size and momentum; every 5th adapts the damping, every 20th inverts the factors.
So 20 successive steps have one inversion among them: their mean is the cost of a step,
their median that of a step without inversion.

XLA starts one thread per CPU that the process may use; ``compare.py`` limits these.
"""

from collections.abc import Iterator
from importlib.metadata import version

import jax
import jax.numpy as jnp
import kfac_jax

from common import AUTOENCODER, Batch, Step, layers, run

L2 = 1e-5
TANH = [tanh for _, _, tanh in layers(AUTOENCODER)]

Params = list[tuple[jax.Array, jax.Array]]


def initial_parameters(key: jax.Array) -> Params:
    """Draw the weights of all layers; the biases are zero."""
    keys = jax.random.split(key, len(TANH))
    return [
        (jax.random.normal(layer_key, (inputs, outputs)) / inputs**0.5, jnp.zeros(outputs))
        for layer_key, (inputs, outputs, _) in zip(keys, layers(AUTOENCODER))
    ]


def objective(params: Params, inputs: jax.Array) -> jax.Array:
    """Return the cross-entropy of the reconstruction (mean over the data) with its L2 term."""
    logits = inputs
    for (weight, bias), tanh in zip(params, TANH):
        logits = logits @ weight + bias
        logits = jnp.tanh(logits) if tanh else logits
    kfac_jax.register_multi_bernoulli_predictive_distribution(logits)
    cross_entropy = jnp.sum(jnp.logaddexp(0.0, logits) - inputs * logits) / inputs.shape[0]
    return cross_entropy + 0.5 * L2 * kfac_jax.utils.inner_product(params, params)


def whole_step(batch: Batch) -> Iterator[tuple[str, Step]]:
    """Yield the step of the optimizer, which ends when its results are ready."""
    inputs = jnp.asarray(batch.images)
    key = jax.random.key(0)
    # Of kfac-jax's estimators, "fisher_gradients" fails on Bernoulli outputs;
    # this one, its default, also propagates one random vector per datum.
    optimizer = kfac_jax.Optimizer(
        jax.value_and_grad(objective),
        l2_reg=L2,
        use_adaptive_learning_rate=True,
        use_adaptive_momentum=True,
        use_adaptive_damping=True,
        initial_damping=150.0,
        curvature_ema=0.95,
        inverse_update_period=20,
        num_burnin_steps=0,
        estimation_mode="ggn_curvature_prop",
        num_estimator_samples=1,
    )
    params = initial_parameters(key)
    state = optimizer.init(params, key, inputs)
    keys = jax.random.split(key, 10_000)
    count = 0

    def step() -> None:
        nonlocal params, state, count
        params, state, _ = optimizer.step(
            params, state, keys[count], batch=inputs, global_step_int=count
        )
        count += 1
        jax.block_until_ready((params, state))

    yield "KFAC step, ggn_curvature_prop", step


if __name__ == "__main__":
    run(f"kfac-jax {version('kfac-jax')}", {"kfac_step": whole_step})
