"""The rules of the style test, except sizes. Each returns a list of violation lines."""

import pathlib
import re

# Spelled in two parts so that this file passes its own test.
BANNED_WORDS = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]
WORDS = re.compile(r"\b(" + "|".join(BANNED_WORDS) + r")\b")

SYSTEM_HEADERS = {"thread", "mutex", "shared_mutex", "condition_variable", "future", "atomic",
                  "filesystem", "iostream", "fstream", "random", "semaphore", "latch", "barrier",
                  "stop_token", "stdio.h", "unistd.h", "pthread.h"}
# What the tests of layers 0 and 1 may use all the same: golden files and threads for counters.
TEST_SYSTEM_HEADERS = {"filesystem", "iostream", "fstream", "thread", "atomic"}
FOREIGN = re.compile(
    r"^(boost/asio|asio|rocksdb|grpc|grpcpp|google/protobuf|spdlog|openssl|nghttp2)\b")

ASK_FOR_TIME = re.compile(
    r"\b(?:system_clock|steady_clock|high_resolution_clock|[A-Za-z_]*[Cc]lock)::now\s*\(|"
    r"\b(?:gettimeofday|clock_gettime)\s*\(|\bstd::time\s*\(|"
    r"(?<![\w.:>])time\s*\(\s*(?:nullptr|NULL|0)"
)
ASK_FOR_CHANCE = re.compile(r"\b(?:std::random_device|std::s?rand\s*\(|std::mt19937|"
                            r"default_random_engine)|(?<![\w.:>])s?rand\s*\(\s*\)")
UNSTABLE = re.compile(r"\bstd::hash\b|\bstd::\w+_distribution\b|\bstd::shuffle\b")
POINTER_KEY = re.compile(
    r"\b(?:unordered_|flat_hash_|btree_)?(?:multi)?(?:map|set)\s*<\s*"
    r"(?:const\s+)?[\w:]+\s*(?:const\s*)?\*")
SLEEP = re.compile(r"\b(?:sleep_for|sleep_until|usleep|nanosleep)\b|(?<![\w.:>])sleep\s*\(|"
                   r"\bstd::this_thread::sleep")
SIMULATION_BRANCH = re.compile(
    r"\b(?:is|in|under)_(?:a_)?(?:sim|simulated|simulation|simulator|test|testing)\b")
TEST_ACCESS = re.compile(r"\bFRIEND_TEST\b|\bfriend\s+class\s+\w*Test\b|#\s*define\s+private\b")
RANGE_FOR = re.compile(r"\bfor\s*\([^;{}]*?[^:]:(?!:)\s*([^;{}]*?)\)\s*(?=[{\w(*+-])")
HASHED = r"(?:unordered_(?:multi)?(?:map|set)|(?:flat|node)_hash_(?:map|set))"

DETERMINISTIC_OUTSIDE_LAYERS = {"node", "sim", "sim_ports", "lab/core", "lab/protocols"}


def is_deterministic(source):
    """Code that runs under the simulator and must behave the same in every run."""
    return source.layer is not None and (
        source.layer[0] in "0134" or source.module in DETERMINISTIC_OUTSIDE_LAYERS)


def check_words(source):
    found = [source.violation(m.start(), "banned-word", f"{m.group(1)}: do it now or drop it")
             for m in WORDS.finditer(source.text)]
    return found


def check_file_name(name, names):
    """No foo2 beside foo, no old_ and new_ versions of a file."""
    path = pathlib.PurePosixPath(name)
    stem = path.name.split(".")[0]
    if re.search(r"^(new|old)_|_(old|new|bak|orig|copy)$", stem):
        return [f"{name}:1: file-name: '{stem}' tells its age, not its purpose"]
    twin = re.fullmatch(r"(.*[a-z_])2", stem)
    siblings = {pathlib.PurePosixPath(n).name.split(".")[0] for n in names
                if pathlib.PurePosixPath(n).parent == path.parent}
    if twin and twin.group(1).rstrip("_") in siblings:
        return [f"{name}:1: file-name: '{stem}' stands beside '{twin.group(1)}'"]
    return []


def check_web(source):
    """What clang-format does for C++: no blanks at the end of a line, no tabs, one last newline."""
    out = [source.violation(found.start(), "blank", "at the end of a line, or a tab")
           for found in re.finditer(r"[ \t]+$|\t", source.text, re.M)]
    if not source.text.endswith("\n") or source.text.endswith("\n\n"):
        out.append(f"{source.path}:1: blank: the file must end with one newline")
    return out


def check_cpp(source):
    out = check_includes(source) + check_header(source) + check_everywhere(source)
    if source.path.startswith("src/") and source.module is None:
        out.append(f"{source.path}:1: unknown-module: "
                   f"no module of cmake/edges.cmake holds this file")
    if is_deterministic(source):
        out += check_determinism(source) + check_hashed_iteration(source)
    return out


def check_includes(source):
    out = []
    for line, quote, name in source.includes():
        where = f"{source.path}:{line}: "
        if quote == '"':
            out += check_quoted_include(source, where, name)
            continue
        if name.split("/")[0] in {m.split("/")[0] for m in source.modules} and (
                source.root / "src" / name).is_file():
            out.append(f"{where}include-style: own header <{name}> must be in quotes")
        if source.layer and source.layer[0] in "01":
            out += check_low_layer_include(source, where, name)
        elif is_deterministic(source) and name in ("thread", "random", "iostream"):
            out.append(f"{where}banned-include: <{name}> in simulated code")
        if re.match(r"(boost/)?asio\b", name) and source.module not in (None, "net"):
            out.append(f"{where}banned-include: asio only in src/net")
        if name.startswith("rocksdb/") and source.module not in (None, "engine_rocksdb"):
            out.append(f"{where}banned-include: rocksdb only in src/engine_rocksdb")
    return out


def check_quoted_include(source, where, name):
    if ".." in name.split("/"):
        return [f'{where}include-style: "{name}" must be a path from src']
    if not source.path.startswith(("src/", "tests/")) or name.endswith(".pb.h"):
        return []
    if source.path.startswith("tests/") and (
            source.root / source.path).parent.joinpath(name).is_file():
        return []  # what the tests of one folder share
    if not (source.root / "src" / name).is_file():
        return [f'{where}include-style: "{name}" is no path from src']
    return []


def check_low_layer_include(source, where, name):
    if FOREIGN.match(name):
        return [f"{where}banned-include: <{name}> in layer {source.layer}"]
    if name not in SYSTEM_HEADERS:
        return []
    if source.module == "base" and name in ("atomic", "stdio.h"):
        return []  # reference counts
    if source.is_test and name in TEST_SYSTEM_HEADERS:
        return []
    return [f"{where}banned-include: <{name}> in layer {source.layer}"]


def check_header(source):
    if not source.is_header:
        return []
    out = []
    if not re.search(r"^#pragma once$", source.text, re.M):
        out.append(f"{source.path}:1: pragma-once: missing")
    for found in re.finditer(r"\busing\s+namespace\b", source.code):
        out.append(source.violation(found.start(), "using-namespace", "in a header"))
    return out


def check_everywhere(source):
    out = []
    if source.is_test:
        for found in SLEEP.finditer(source.code):
            out.append(source.violation(found.start(), "sleep-in-test",
                                        "wait for an event instead"))
        for found in re.finditer(r"\bGTEST_SKIP\s*\(\s*\)\s*;", source.code):
            out.append(source.violation(found.start(), "skip", "GTEST_SKIP() needs << reason"))
    elif source.path.startswith("src/"):
        for found in SIMULATION_BRANCH.finditer(source.code):
            out.append(source.violation(found.start(), "simulation-branch",
                                        "production code never asks whether it is a test"))
        for found in re.finditer(r"(?:\.|->)detach\s*\(", source.code):
            out.append(source.violation(found.start(), "detach", "every thread has an owner"))
    for found in TEST_ACCESS.finditer(source.code):
        out.append(source.violation(found.start(), "test-access", "tests use the public interface"))
    return out


def check_determinism(source):
    rules = [(ASK_FOR_TIME, "clock", "time comes in with the event"),
             (ASK_FOR_CHANCE, "randomness", "chance comes from the seeded generator"),
             (UNSTABLE, "unstable", "differs between standard libraries"),
             (POINTER_KEY, "pointer-key", "order and hash of addresses change from run to run")]
    return [source.violation(found.start(), rule, f"{found.group(0).strip()}: {why}")
            for pattern, rule, why in rules for found in pattern.finditer(source.code)]


def hashed_names(code):
    """Names of variables and members that are declared as hash tables, also through aliases."""
    kinds = [HASHED]
    for alias in re.finditer(r"\busing\s+(\w+)\s*=\s*[\w:]*\b" + HASHED + r"\s*<", code):
        kinds.append(rf"{alias.group(1)}\b")
    names = set()
    for found in re.finditer(r"\b(?:" + "|".join(kinds) + r")", code):
        at = skip_angles(code, found.end())
        declared = re.match(r"\s*(?:const\b)?\s*&?\s*(\w+)\s*[;={(,)\[]?", code[at:])
        if declared and declared.group(1):
            names.add(declared.group(1))
    return names


def skip_angles(code, at):
    """The offset behind a balanced <...> that starts at `at`, or `at`."""
    start = re.compile(r"\s*<").match(code, at)
    if not start:
        return at
    depth = 0
    for i in range(start.end() - 1, len(code)):
        depth += {"<": 1, ">": -1}.get(code[i], 0)
        if depth == 0:
            return i + 1
    return at


def check_hashed_iteration(source):
    names = hashed_names(source.code) | hashed_names(source.own_header_code())
    out = []
    for found in RANGE_FOR.finditer(source.code):
        last = re.search(r"(\w+)\s*(?:\(\s*\))?\s*$", found.group(1))
        if last and last.group(1) in names:
            out.append(source.violation(found.start(), "hash-iteration",
                                        f"the order of '{last.group(1)}' is not defined"))
    for found in re.finditer(r"\b(\w+)(?:\.|->)c?begin\s*\(", source.code):
        if found.group(1) in names:
            out.append(source.violation(found.start(), "hash-iteration",
                                        f"the order of '{found.group(1)}' is not defined"))
    return out


def check_dead_files(names, manifest):
    """Every source under src/ and tests/ is in a target; every *_test.cc is in a TESTS list."""
    kinds = {}
    for line in manifest.splitlines():
        words = line.split()
        if words and words[0] in ("source", "header", "test", "fuzz"):
            kinds[words[2]] = words[0]
    out = []
    for name in names:
        if not name.startswith(("src/", "tests/")) or not name.endswith((".h", ".cc")):
            continue
        if name not in kinds:
            if name.startswith("tests/") and name.endswith(".h"):
                continue  # headers beside the tests over several modules
            out.append(f"{name}:1: dead-file: in no CMake target")
        elif name.endswith("_test.cc") and kinds[name] != "test":
            out.append(f"{name}:1: dead-file: a test that no TESTS list names")
        elif name.endswith("_fuzz.cc") and kinds[name] != "fuzz":
            out.append(f"{name}:1: dead-file: a fuzz target that no FUZZ list names")
    return out
