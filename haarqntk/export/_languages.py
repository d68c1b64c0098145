"""The languages that code is written in: one row each, with the printer of SymPy and the names that it leaves free."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True, slots=True)
class Language:
    """A language.

    Attributes:
        title: Its own name.
        printer: The function of SymPy that writes an expression in it; empty where ``_code`` writes functions.
        name: What the names of one's own look like.
        taken: Names of that form that the language has taken.
        comment: A remark, where {} stands.
        several: A list of closed forms, where {} stands.
        has_underscores: Whether a name may hold them.
        cure: What to do about a name that is taken.
    """

    title: str
    printer: str
    name: str
    taken: frozenset[str]
    comment: str = "# {}"
    several: str = "[{}]"
    has_underscores: bool = True
    cure: str = "choose another"

    def is_free(self, name: str) -> bool:
        """Whether a name can be that of a symbol or a function of one's own.

        Examples:
            >>> [LANGUAGES["mathematica"].is_free(name) for name in ("d", "T1", "TrA", "Pi", "D", "a_b")]
            [True, True, True, False, False, False]
            >>> [LANGUAGES["c"].is_free(name) for name in ("kernel_mean", "exp", "_Bool")]
            [True, False, False]
        """
        return bool(re.fullmatch(self.name, name)) and name not in self.taken

    def freed(self, name: str, others: Collection[str] = ()) -> str:
        """The name if it is free and different, else with underscores behind it: lambda is lambda_ in Python."""
        while not self.is_free(name) or name in others:
            name += "_"
        return name

    def made_free(self, name: str) -> str:
        """The name with a small first letter, or an x behind it, where it is taken: D is d, end is endx in Maple."""
        name = name if self.has_underscores else name.replace("_", "")
        if not self.is_free(name):
            name = name[:1].lower() + name[1:]
        return name if self.is_free(name) else f"{name}x"


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
# The words of Maple's help page "keyword"; its initially known constants and environment variables, and what starts
# with a capital letter; the more common of its functions and types, help pages "inifcns" and "type".
_MAPLE_WORDS = (
    "and assuming break by catch description do done elif else end error export fi finally for from global if "
    "implies in intersect local minus mod module next not od option options or proc quit read return save "
    "stop subset then to try union use uses while xor "
    "Catalan FAIL false gamma I infinity Pi true undefined NULL Digits Order Normalizer Testzero D O Re Im "
    "GAMMA Beta Psi Zeta Dirac Heaviside Chi Ci Ei Li Si Sum Product Int Diff Limit Trace Matrix Vector Array "
    "abs add alias allvalues anames andmap anything arccos arcsin arctan argument array assign assigned "
    "assume binomial ceil coeff coeffs collect combine conjugate convert cos cosh cot csc degree denom diff "
    "dsolve erf eval evalb evalf evalm exp expand factor factorial floor frac fsolve gcd has hastype ifactor "
    "igcd ilcm indets int integer interface irem iquo is isolve isprime lcm ldegree length lhs limit list ln "
    "log log10 map map2 matrix max member min mul name nops norm normal numer numeric op order plot polynom "
    "print procname product protect quo radical radnormal rand range rationalize rem resultant rhs root round "
    "rsolve sec select seq series set sign signum simplify sin sinh solve sort sqrt string subs subsop sum "
    "symbol table tan tanh taylor time trace trunc type unapply unassign value vector whattype with zip"
)

LANGUAGES = {
    "python": Language("Python", "", r"[A-Za-z_][A-Za-z0-9_]*", frozenset([*keyword.kwlist, "_quotient"])),
    "c": Language(
        "C", "", r"(?!__|_[A-Z])[A-Za-z_][A-Za-z0-9_]*", frozenset(f"{_C_KEYWORDS} {_C_LIBRARY}".split())
    ),
    # Every name of System` starts with a capital letter or $. Of one letter there are these seven; none is a letter
    # with digits, and none but TTest starts with T or Tr and then a capital letter.
    "mathematica": Language(
        "Mathematica",
        "mathematica_code",
        r"[a-z][A-Za-z0-9]*|[A-Z][0-9]*|(?:Re)?Tr?[A-Z0-9][A-Za-z0-9]*",
        frozenset(["C", "D", "E", "I", "K", "N", "O", "TTest"]),
        comment="(* {} *)",
        several="{{{}}}",
        has_underscores=False,
        cure="start with a small letter",
    ),
    "maple": Language("Maple", "maple_code", r"[A-Za-z][A-Za-z0-9_]*", frozenset(_MAPLE_WORDS.split())),
}
