"""Every shipped file that is found by name, handed to a function that takes its Protocol: mypy compares the two.

Nothing here runs, and nothing is imported when this is. A test says which shipped files are not listed.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workers.bench.case import Engine
    from workers.bench.engines import common_loop, grouped, ours, resident, vmap
    from workers.data import (
        cifar10,
        cifar100,
        digits,
        fashion_mnist,
        mnist,
        modular,
        npz,
        parquet,
        svhn,
        synthetic,
        teacher,
    )
    from workers.engines.gpu.convolutions import grouped as grouped_convolution
    from workers.engines.gpu.convolutions import triton, unfolded
    from workers.engines.gpu.layers import Route
    from workers.experiments import growth, hessian, interpolation, landscape, linear, network, regression, ridge
    from workers.interfaces.dataset import Dataset, DatasetT
    from workers.interfaces.experiment import BoundedMeasures, Experiment, ExperimentT
    from workers.interfaces.loss import Loss
    from workers.interfaces.measure import Bounded, Measure
    from workers.interfaces.net import Net, NetT
    from workers.interfaces.optimizer import Noisy, Optimizer, OptimizerT
    from workers.interfaces.perturbation import Perturbation, PerturbationT
    from workers.interfaces.schedule import Schedule, ScheduleT
    from workers.losses import cross_entropy, exponential, square
    from workers.measures import (
        box_sharpness,
        distance_from_init,
        effective_rank,
        error,
        fisher_rao,
        frobenius_norm,
        gradient_noise,
        gradient_norm,
        l1_norm,
        margin,
        margin_10th_percentile,
        norm,
        norm_product,
        normalized_margin,
        normalized_margin_10th_percentile,
        normalized_risk,
        pac_bayes,
        pac_bayes_magnitude,
        parameters,
        path_norm,
        risk,
        sharpness,
        spectral_complexity,
        spectral_norm,
        spectral_norm_product,
        stable_rank,
        trace,
    )
    from workers.measures import (
        cross_entropy as cross_entropy_of_outputs,
    )
    from workers.nets import convnet, deep_linear, mlp, polynomial, pooled, resnet
    from workers.nets import linear as linear_net
    from workers.optimizers import adam, adamw, gd, sgd, sgld
    from workers.perturbations import gaussian, none, unit_norm
    from workers.schedules import constant, cosine, inverse_square_root, linear_warmup, loss_based, step


def experiment(module: "Experiment[ExperimentT]") -> None:
    """Takes what fulfils the Protocol with the module's own Settings; the functions below do the same."""


def net(module: "Net[NetT]") -> None: ...


def dataset(module: "Dataset[DatasetT]") -> None: ...


def perturbation(module: "Perturbation[PerturbationT]") -> None: ...


def optimizer(module: "Optimizer[OptimizerT]") -> None: ...


def noisy(*modules: "Noisy") -> None: ...


def schedule(module: "Schedule[ScheduleT]") -> None: ...


def losses(*modules: "Loss") -> None: ...


def measures(*modules: "Measure") -> None: ...


def bounded(*modules: "Bounded") -> None: ...


def bounded_measures(*modules: "BoundedMeasures") -> None: ...


def engines(*modules: "Engine") -> None: ...


def convolutions(*modules: "Route") -> None: ...


def compared_by_mypy() -> None:
    """Never called."""
    experiment(growth)
    experiment(hessian)
    experiment(interpolation)
    experiment(landscape)
    experiment(linear)
    experiment(network)
    experiment(regression)
    experiment(ridge)
    net(convnet)
    net(deep_linear)
    net(linear_net)
    net(mlp)
    net(polynomial)
    net(pooled)
    net(resnet)
    dataset(cifar10)
    dataset(cifar100)
    dataset(digits)
    dataset(fashion_mnist)
    dataset(mnist)
    dataset(modular)
    dataset(npz)
    dataset(parquet)
    dataset(svhn)
    dataset(synthetic)
    dataset(teacher)
    perturbation(gaussian)
    perturbation(none)
    perturbation(unit_norm)
    optimizer(adam)
    optimizer(adamw)
    optimizer(gd)
    optimizer(sgd)
    optimizer(sgld)
    noisy(sgld)
    schedule(constant)
    schedule(cosine)
    schedule(inverse_square_root)
    schedule(linear_warmup)
    schedule(loss_based)
    schedule(step)
    losses(cross_entropy, exponential, square)
    measures(
        box_sharpness, cross_entropy_of_outputs, distance_from_init, effective_rank, error, fisher_rao, frobenius_norm,
        gradient_noise, gradient_norm, l1_norm, margin, margin_10th_percentile, norm, norm_product, normalized_margin,
        normalized_margin_10th_percentile, normalized_risk, pac_bayes, pac_bayes_magnitude, parameters,
        path_norm, risk, sharpness, spectral_complexity, spectral_norm, spectral_norm_product, stable_rank, trace,
    )  # fmt: skip
    bounded(
        cross_entropy_of_outputs, distance_from_init, effective_rank, error, fisher_rao, frobenius_norm, gradient_noise,
        gradient_norm, l1_norm, norm, normalized_risk, pac_bayes, pac_bayes_magnitude, parameters, path_norm, risk,
        spectral_complexity, spectral_norm, stable_rank,
    )  # fmt: skip
    bounded_measures(growth, hessian, interpolation, landscape, linear, regression, ridge)
    engines(common_loop, grouped, ours, resident, vmap)
    convolutions(grouped_convolution, triton, unfolded)
