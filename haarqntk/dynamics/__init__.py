"""What the exact moments predict of training: curves over time, their brackets, step sizes, bounds.

Each prediction says under which assumption it holds. Nothing here draws a circuit or trains one; runs are the
room ``training``, and the front doors put both side by side.
"""

from haarqntk.dynamics._constant_lambda import ConstantLambdaFlow, constant_lambda_flow
from haarqntk.dynamics._frozen import frozen_kernel, frozen_law, jensen_gap
from haarqntk.dynamics._prediction import Prediction
from haarqntk.dynamics._quadrature import Rule, Rules, rules_from_moments

__all__ = [
    "ConstantLambdaFlow",
    "Prediction",
    "Rule",
    "Rules",
    "constant_lambda_flow",
    "frozen_kernel",
    "frozen_law",
    "jensen_gap",
    "rules_from_moments",
]
