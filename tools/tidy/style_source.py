"""A source file as the style rules see it: text, code without comments and strings, its layer."""

import pathlib
import re

CPP_SUFFIXES = (".h", ".cc")
LITERALS = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"""
    r""""(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*'""",
    re.S,
)
INCLUDE_LINE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def modules_from_edges(path):
    """{module: layer} as listed in cmake/edges.cmake."""
    text = re.sub(r"#[^\n]*", "", pathlib.Path(path).read_text())
    return dict(re.findall(r"ostraka_edges\(\s*([a-z_0-9/]+)\s+([0-9][a-z]?)\b", text))


def strip_literals(text):
    """Comments, strings and characters blanked; line numbers and columns stay."""

    def blank(found):
        kept = found.group(0)
        quote = kept[0] if kept[0] in "\"'" else ""
        inner = re.sub(r"[^\n]", " ", kept)
        return quote + inner[1:-1] + quote if quote else inner

    return LITERALS.sub(blank, text)


class Source:
    """One text file. `module` and `layer` are None outside src/."""

    def __init__(self, root, path, text, modules):
        self.root = pathlib.Path(root)
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        self.is_cpp = path.endswith(CPP_SUFFIXES)
        self.is_header = path.endswith(".h")
        self.is_test = (path.endswith(("_test.cc", "_fuzz.cc")) or path.startswith("tests/")
                        or "/testing/" in path)
        self.code = strip_literals(text) if self.is_cpp else ""
        self.module = self._module(modules)
        self.layer = modules.get(self.module)
        self.modules = modules

    def _module(self, modules):
        parts = self.path.split("/")[1:-1] if self.path.startswith("src/") else []
        while parts:
            if "/".join(parts) in modules:
                return "/".join(parts)
            parts.pop()
        return None

    def includes(self):
        """(line, '<' or '\"', name) of every include directive."""
        for found in INCLUDE_LINE.finditer(self.text):
            yield self.line_at(found.start(1)), found.group(1), found.group(2)

    def own_header_code(self):
        """The code of the header of the same name, or nothing."""
        header = self.root / (self.path[: -len(".cc")] + ".h")
        if self.is_header or not header.is_file():
            return ""
        return strip_literals(header.read_text(errors="replace"))

    def line_at(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def violation(self, offset, rule, message):
        return f"{self.path}:{self.line_at(offset)}: {rule}: {message}"
