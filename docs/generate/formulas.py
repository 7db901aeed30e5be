"""Formulas as MathML, which browsers draw themselves; MathJax would be loaded from the network."""

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml


def convert_formula(text: str, display: str) -> str:
    """MathML of a LaTeX formula.

    Parameters
    ----------
    text : str
    display : {"block", "inline"}
    """
    found = tex2mathml(text)
    return found.replace("<math ", f'<math display="{display}" ', 1)


def visit_inline(translator, node) -> None:
    """Write a formula in a line of text."""
    translator.body.append(convert_formula(node.astext(), "inline"))
    raise nodes.SkipNode


def visit_block(translator, node) -> None:
    """Write a formula that stands by itself."""
    translator.body.append(f'<div class="formula">{convert_formula(node.astext(), "block")}</div>')
    raise nodes.SkipNode
