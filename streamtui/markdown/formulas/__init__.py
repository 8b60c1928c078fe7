r"""Set a formula in Unicode, where that says exactly what its source says; else it stays as written.

Letters, operators, indices, roots and fractions become one line, with brackets where the line needs them:
`\frac{a+b}{c}` is `(a+b)/c`, an index without a Unicode form `x_(max)`. Matrices, cases and aligned equations become
rows. What has no exact form (`\underbrace`, colours, an unknown command) leaves the whole formula as it was written,
never a half of it.

The symbols come from `unicodeit`, the extra `maths`; without it nothing is set. It is imported at the first formula.
"""

from streamtui.markdown.formulas.setter import set_formula
from streamtui.markdown.formulas.symbols import symbols

__all__ = ["set_formula", "symbols"]
