"""The size budget as a ratchet: limits, and the list of exceptions that may only shrink."""

import re
import subprocess

LINE_COLUMNS_MAX = 100
FILE_LINES_MAX = 600
HEADER_LINES_MAX = 300
FUNCTION_LINES_MAX = 70
WEB_SUFFIXES = (".js", ".mjs", ".css", ".html")
COLUMN_SUFFIXES = (".h", ".cc", ".py", ".sh", ".cmake") + WEB_SUFFIXES
RATCHET = "tools/tidy/ratchet.txt"
SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b(?![^{]*\))")


def starts_function(head):
    """Whether the text before a brace is a function's signature."""
    if SCOPE.search(head) or not re.search(r"\w\s*\(", head):
        return False
    return "=" not in re.sub(r"operator\S+|\([^()]*\)|[<>=!]=>?", "", head)


def functions(code):
    """(name, first line, line count) of each function body, found by its braces."""
    out, stack, statement_start = [], [], 0
    for i, char in enumerate(code):
        if char == "{":
            head = code[statement_start:i]
            inside = any(kind == "function" for kind, _, _ in stack)
            is_function = not inside and starts_function(head)
            name = re.search(r"([\w:~]+)\s*\(", head)
            kind = "function" if is_function else "scope"
            stack.append((kind, name.group(1) if name else "", code.count("\n", 0, i) + 1))
            statement_start = i + 1
        elif char == "}" and stack:
            kind, name, first = stack.pop()
            if kind == "function":
                out.append((name, first, code.count("\n", 0, i) + 1 - first + 1))
            statement_start = i + 1
        elif char == ";":
            statement_start = i + 1
    return out


def measure(source):
    """(key, line, size, limit) of each thing over its limit; the key names it in the ratchet."""
    out = []
    if source.path.endswith(COLUMN_SUFFIXES):
        widths = [len(line) for line in source.lines]
        if widths and max(widths) > LINE_COLUMNS_MAX:
            line = widths.index(max(widths)) + 1
            over = sum(1 for w in widths if w > LINE_COLUMNS_MAX)
            out.append((f"line-length {source.path}", line, over, 0,
                        f"{over} lines over {LINE_COLUMNS_MAX} columns"))
    if source.path.endswith(WEB_SUFFIXES) and source.text.count("\n") > FILE_LINES_MAX:
        lines = source.text.count("\n")
        out.append((f"file-length {source.path}", 1, lines, FILE_LINES_MAX,
                    f"{lines} lines, the limit is {FILE_LINES_MAX}"))
    if source.is_cpp:
        lines = source.text.count("\n")
        limit = HEADER_LINES_MAX if source.is_header else FILE_LINES_MAX
        if lines > limit:
            out.append((f"file-length {source.path}", 1, lines, limit,
                        f"{lines} lines, the limit is {limit}"))
        code = re.sub(r"^[ \t]*#.*(?:\\\n.*)*", lambda m: re.sub(r"[^\n]", " ", m.group(0)),
                      source.code, flags=re.M)
        for name, line, size in functions(code):
            if size > FUNCTION_LINES_MAX:
                out.append((f"function-length {source.path}:{name}", line, size,
                            FUNCTION_LINES_MAX,
                            f"{name} has {size} lines, the limit is {FUNCTION_LINES_MAX}"))
    return out


def parse_ratchet(text):
    """({key: (size, line)}, violations)."""
    entries, violations = {}, []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = re.fullmatch(r"(\S+ \S+) (\d+) (\S.{9,})", line)
        if not found:
            violations.append(f"{RATCHET}:{number}: ratchet: want <rule> <path> <size> <reason>")
            continue
        entries[found.group(1)] = (int(found.group(2)), number)
    return entries, violations


def earlier_entries(root):
    """The entries of the last two commits, to see whether one grew."""
    sizes = {}
    for ref in ("HEAD", "HEAD~1"):
        shown = subprocess.run(["git", "show", f"{ref}:{RATCHET}"], cwd=root, capture_output=True,
                               text=True, check=False)
        text = shown.stdout if shown.returncode == 0 else ""
        for key, (size, _) in parse_ratchet(text)[0].items():
            sizes[key] = min(size, sizes.get(key, size))
    return sizes


def check(root, sources):
    path = root / RATCHET
    entries, out = parse_ratchet(path.read_text() if path.is_file() else "")
    earlier = earlier_entries(root) if entries else {}
    used = set()
    for source in sources:
        for key, line, size, _, message in measure(source):
            rule = key.split(" ")[0]
            if key not in entries:
                out.append(f"{source.path}:{line}: {rule}: {message}")
                continue
            used.add(key)
            allowed, number = entries[key]
            if size > allowed:
                out.append(f"{source.path}:{line}: {rule}: grew to {size}, "
                           f"the ratchet says {allowed}")
            elif size < allowed:
                out.append(f"{RATCHET}:{number}: ratchet: shrink '{key}' to {size}")
    for key, (size, number) in entries.items():
        if key not in used:
            out.append(f"{RATCHET}:{number}: ratchet: '{key}' meets the budget, remove it")
        elif size > earlier.get(key, size):
            out.append(f"{RATCHET}:{number}: ratchet: '{key}' grew from {earlier[key]} "
                       f"to {size}")
    return out
