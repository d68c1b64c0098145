"""What the exact moments predict of training: curves over time, their brackets, step sizes, bounds.

Each prediction says under which assumption it holds. Nothing here draws a circuit or trains one: runs are those
of ``training``, and ``studies`` puts both side by side. ``_derived`` asks the engine, ``_law`` brackets the
frozen kernel by moments of K, ``_deep`` and ``_flows`` solve the equations, each into a ``Prediction``
(``_prediction``).
"""

from haarqntk.dynamics._deep import DeepFlow, DeepFlowSingle, deep_flow, deep_flow_single, deep_kernel
from haarqntk.dynamics._derived import ShortTimeSeries, kernel_rate, short_time_series
from haarqntk.dynamics._flows import (
    ConstantLambdaFlow,
    StepSizes,
    constant_lambda_flow,
    loss_lower_bound,
    quadratic_correction,
    step_sizes,
)
from haarqntk.dynamics._law import Rule, Rules, frozen_law, jensen_gap, rules_from_moments
from haarqntk.dynamics._prediction import FrozenOutputs, Prediction, frozen_kernel, frozen_outputs

__all__ = [
    "ConstantLambdaFlow",
    "DeepFlow",
    "DeepFlowSingle",
    "FrozenOutputs",
    "Prediction",
    "Rule",
    "Rules",
    "ShortTimeSeries",
    "StepSizes",
    "constant_lambda_flow",
    "deep_flow",
    "deep_flow_single",
    "deep_kernel",
    "frozen_kernel",
    "frozen_law",
    "frozen_outputs",
    "jensen_gap",
    "kernel_rate",
    "loss_lower_bound",
    "quadratic_correction",
    "rules_from_moments",
    "short_time_series",
    "step_sizes",
]
