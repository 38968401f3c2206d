"""ES modules as one script: a browser that asks for sixty files waits most of that time."""

import re
from collections.abc import Mapping, Sequence

_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js"$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:function|class|const) (\w+))", re.MULTILINE)
_COMMENT = re.compile(r"/\*[\s\S]*?\*/|^\s*//.*$", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*|\bimport\(.*", re.MULTILINE)


def bundle(sources: Mapping[str, str], entries: Sequence[str]) -> str:
    """One module that runs the entries and what they import, and exports each module by its name.

    `sources` by name, without ".js". They import by `import { names } from "./name.js"` and export
    functions, classes and constants where they are declared: Biome writes these on lines of their
    own. Raises ValueError for anything else, and where modules import each other in a circle.
    """
    done: dict[str, str] = {}

    def add(name: str, above: tuple[str, ...] = ()) -> None:
        if name in above:
            raise ValueError(f"modules import each other: {' → '.join((*above, name))}")
        if name not in done:
            for _, other in _IMPORT.findall(sources[name]):
                add(other, (*above, name))
            done[name] = _scoped(name, sources[name])

    for entry in entries:
        add(entry)
    exports = ", ".join(f"${name} as {name}" for name in done)
    return "\n".join((*done.values(), f"export {{ {exports} }}\n"))


def _scoped(name: str, source: str) -> str:
    """A module as a function that is called once, so that its own names stay its own."""
    exported = [match[2] for match in _EXPORT.finditer(source)]
    body = _EXPORT.sub(r"\1", _IMPORT.sub(r"const \1 = $\2", source))
    code = _COMMENT.sub("", body)
    if left := _OTHER.search(code):
        raise ValueError(f"{name}.js has a line that cannot be bundled: {left[0]}")
    return f"const ${name} = (() => {{\n{body}\nreturn {{ {', '.join(exported)} }}\n}})()"
