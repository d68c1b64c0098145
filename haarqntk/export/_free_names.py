"""Which names a language leaves free for a symbol or a function: one list for each language that code is written in."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

# Keywords of C99 (ISO/IEC 9899:1999, 6.4.1) and those that C11, C23 and C++ add, so that a header can be shared.
_C_KEYWORDS = (
    "auto break case char const continue default do double else enum extern float for goto if inline int long "
    "main register restrict return short signed sizeof static struct switch typedef union unsigned void "
    "volatile while alignas alignof asm bool constexpr false nullptr static_assert thread_local true typeof "
    "typeof_unqual and and_eq bitand bitor catch class compl delete explicit export friend mutable namespace "
    "new not not_eq operator or or_eq private protected public template this throw try using virtual xor "
    "xor_eq"
)
# Functions and macros of the headers of C99, 7.2 to 7.24, that a file of formulas is likely to include.
_C_LIBRARY = (
    "assert complex imaginary I errno NULL EOF NAN INFINITY HUGE_VAL BUFSIZ FILE RAND_MAX EXIT_SUCCESS "
    "EXIT_FAILURE stdin stdout stderr size_t ptrdiff_t wchar_t offsetof cabs carg cimag conj cproj creal cexp "
    "clog cpow csqrt ccos csin ctan cacos casin catan acos asin atan atan2 cos sin tan acosh asinh atanh cosh "
    "sinh tanh exp exp2 expm1 frexp ilogb ldexp log log10 log1p log2 logb modf scalbn scalbln cbrt fabs hypot "
    "pow sqrt erf erfc lgamma tgamma gamma ceil floor nearbyint rint lrint llrint round lround llround trunc "
    "fmod remainder remquo copysign nan nextafter nexttoward fdim fmax fmin fma fpclassify isfinite isinf "
    "isnan isnormal signbit isgreater isless isunordered j0 j1 jn y0 y1 yn signgam abort abs atexit atof atoi "
    "atol atoll bsearch calloc div exit free getenv labs llabs ldiv malloc qsort rand realloc srand strtod "
    "strtof strtol strtoul system fclose fflush fgetc fgets fopen fprintf fputc fputs fread freopen fscanf "
    "fseek ftell fwrite getc getchar gets perror printf putc putchar puts remove rename rewind scanf setbuf "
    "snprintf sprintf sscanf tmpfile tmpnam ungetc vfprintf vprintf vsnprintf vsprintf memchr memcmp memcpy "
    "memmove memset strcat strchr strcmp strcpy strlen strncat strncmp strncpy strstr strtok index isalnum "
    "isalpha isdigit isspace islower isupper tolower toupper clock time difftime mktime signal raise setjmp "
    "longjmp"
)
_C_TAKEN = frozenset(f"{_C_KEYWORDS} {_C_LIBRARY}".split())

# Every name of System` in Mathematica starts with a capital letter or $. Of one letter there are these seven; none is a
# letter with digits, and none but TTest starts with T or Tr and then a capital letter.
_MATHEMATICA_FREE = re.compile(r"[a-z][A-Za-z0-9]*|[A-Z][0-9]*|(?:Re)?Tr?[A-Z0-9][A-Za-z0-9]*")
_MATHEMATICA_TAKEN = frozenset(["C", "D", "E", "I", "K", "N", "O", "TTest"])

# Maple: the words of its help page "keyword".
_MAPLE_KEYWORDS = (
    "and assuming break by catch description do done elif else end error export fi finally for from global if "
    "implies in intersect local minus mod module next not od option options or proc quit read return save "
    "stop subset then to try union use uses while xor"
)
# Its initially known constants and environment variables, and what starts with a capital letter.
_MAPLE_CONSTANTS = (
    "Catalan FAIL false gamma I infinity Pi true undefined NULL Digits Order Normalizer Testzero D O Re Im "
    "GAMMA Beta Psi Zeta Dirac Heaviside Chi Ci Ei Li Si Sum Product Int Diff Limit Trace Matrix Vector Array"
)
# The more common of its functions and types, help pages "inifcns" and "type".
_MAPLE_FUNCTIONS = (
    "abs add alias allvalues anames andmap anything arccos arcsin arctan argument array assign assigned "
    "assume binomial ceil coeff coeffs collect combine conjugate convert cos cosh cot csc degree denom diff "
    "dsolve erf eval evalb evalf evalm exp expand factor factorial floor frac fsolve gcd has hastype ifactor "
    "igcd ilcm indets int integer interface irem iquo is isolve isprime lcm ldegree length lhs limit list ln "
    "log log10 map map2 matrix max member min mul name nops norm normal numer numeric op order plot polynom "
    "print procname product protect quo radical radnormal rand range rationalize rem resultant rhs root round "
    "rsolve sec select seq series set sign signum simplify sin sinh solve sort sqrt string subs subsop sum "
    "symbol table tan tanh taylor time trace trunc type unapply unassign value vector whattype with zip"
)
_MAPLE_TAKEN = frozenset(f"{_MAPLE_KEYWORDS} {_MAPLE_CONSTANTS} {_MAPLE_FUNCTIONS}".split())


def is_free_in_python(name: str) -> bool:
    """Whether a name can be that of a function or an argument in the Python that is written."""
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name) and name != "_quotient"


def is_free_in_c(name: str) -> bool:
    """Whether a name is an identifier that neither C nor its headers have taken.

    Examples:
        >>> is_free_in_c("kernel_mean"), is_free_in_c("exp"), is_free_in_c("_Bool")
        (True, False, False)
    """
    return bool(re.fullmatch(r"(?!__|_[A-Z])[A-Za-z_][A-Za-z0-9_]*", name)) and name not in _C_TAKEN


def is_free_in_mathematica(name: str) -> bool:
    """Whether a name is a symbol of one's own; an underscore is a pattern there.

    Examples:
        >>> [is_free_in_mathematica(name) for name in ("d", "T1", "TrA", "Pi", "D", "a_b")]
        [True, True, True, False, False, False]
    """
    return bool(_MATHEMATICA_FREE.fullmatch(name)) and name not in _MATHEMATICA_TAKEN


def is_free_in_maple(name: str) -> bool:
    """Whether a name is no word of Maple and none of its functions.

    Examples:
        >>> [is_free_in_maple(name) for name in ("d", "T1", "end", "sum")]
        [True, True, False, False]
    """
    return bool(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name)) and name not in _MAPLE_TAKEN


def freed(name: str, is_free: Callable[[str], bool], others: Collection[str] = ()) -> str:
    """The name if it is free, else with underscores behind it.

    Examples:
        >>> freed("lambda", is_free_in_python), freed("kernel", is_free_in_python)
        ('lambda_', 'kernel')
    """
    while not is_free(name) or name in others:
        name += "_"
    return name
