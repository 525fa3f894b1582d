"""Teaches the reference two habits of our code that it does not know: lazy names, and sections."""

import ast
import re
import textwrap

import griffe

DOCTEST = re.compile(r"^Example:\n(?=    >>>)", re.MULTILINE)
CALL_ARGUMENTS = re.compile(r"^Call arguments:.*\n(?:    .*\n?|\n)+", re.MULTILINE)
RETURNS = re.compile(r"^Returns:\n((?:    .*\n?|\n)+)", re.MULTILINE)
ARGUMENT = re.compile(r"^    ([\w, ]+):(?= )", re.MULTILINE)


class OurHabits(griffe.Extension):
    """Adds the names of `_HOMES` in `keras_lrcn/__init__.py`, and makes lists of our sections."""

    def on_package(self, *, pkg, **kwargs):
        if pkg.name != "keras_lrcn":
            return
        homes = ast.literal_eval(str(pkg["_HOMES"].value))
        for name, module in homes.items():
            pkg.set_member(name, griffe.Alias(name, f"keras_lrcn.{module}.{name}", parent=pkg))

    def on_instance(self, *, obj, **kwargs):
        if obj.docstring is not None:
            obj.docstring.value = sectioned(obj.docstring.value)


def sectioned(text):
    """Doctests as the section that shows them as code; arguments of calls as a list; what is
    returned as prose, for the words before its first colon are no type."""
    text = DOCTEST.sub("Examples:\n", text)
    text = RETURNS.sub(lambda found: f"**Returns:**\n\n{textwrap.dedent(found[1])}", text)
    return CALL_ARGUMENTS.sub(lambda found: ARGUMENT.sub(r"    - `\1`:", found[0]), text)
