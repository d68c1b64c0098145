# The public names, each told once: types for checkers, and the table from which they are loaded at first use.

from typing import Any

from haarqntk import dynamics as dynamics
from haarqntk import training as training
from haarqntk.algebra import (
    Series as Series,
    T as T,
)
from haarqntk.circuits import (
    Circuit as Circuit,
    LayerIndex as LayerIndex,
    layer_indices as layer_indices,
    sum_over as sum_over,
)
from haarqntk.designs import (
    DesignCheck as DesignCheck,
    Twirl as Twirl,
    TwirledChannel as TwirledChannel,
    clifford_group as clifford_group,
    frame_potential as frame_potential,
    icosahedral_group as icosahedral_group,
    is_design as is_design,
    pauli_group as pauli_group,
    twirl as twirl,
    twirl_channel as twirl_channel,
)
from haarqntk.export import (
    citation as citation,
    from_json as from_json,
    lambdify as lambdify,
    latex as latex,
    to_c as to_c,
    to_json as to_json,
    to_maple as to_maple,
    to_mathematica as to_mathematica,
    to_mathml as to_mathml,
    to_python as to_python,
)
from haarqntk.groups import (
    WeingartenFunction as WeingartenFunction,
    weingarten as weingarten,
    weingarten_table as weingarten_table,
)
from haarqntk.haar import (
    HaarState as HaarState,
    Integral as Integral,
    MatrixExpression as MatrixExpression,
    ScalarExpression as ScalarExpression,
    circular_orthogonal as circular_orthogonal,
    circular_symplectic as circular_symplectic,
    expect as expect,
    haar_orthogonal as haar_orthogonal,
    haar_state as haar_state,
    haar_symplectic as haar_symplectic,
    haar_unitary as haar_unitary,
    identity as identity,
    kron as kron,
    matrices as matrices,
    parse_integrand as parse_integrand,
    partial_trace as partial_trace,
    permutation_matrix as permutation_matrix,
    symplectic_form as symplectic_form,
    tr as tr,
)
from haarqntk.montecarlo import (
    Estimate as Estimate,
    simulate as simulate,
)
from haarqntk.qntk import (
    EigenvalueFormula as EigenvalueFormula,
    Formula as Formula,
    KernelLaw as KernelLaw,
    Ratio as Ratio,
    check_claim as check_claim,
    covariance as covariance,
    cumulant as cumulant,
    formula as formula,
    formulas as formulas,
    kernel_law as kernel_law,
    mean as mean,
    parse_moment as parse_moment,
    variance as variance,
)
from haarqntk.studies import (
    diagnosis_figure as diagnosis_figure,
)
from haarqntk.training import (
    Diagnosis as Diagnosis,
    diagnose as diagnose,
    diagnose_circuit as diagnose_circuit,
)

D: Any
L: Any
__version__: str
__all__: list[str]
