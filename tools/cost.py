#!/usr/bin/env python3
"""Counts what an operation costs: instructions by callgrind, allocations, over a fixed workload.

Three whole nodes on simulated machines in one process (src/sim/cost.cc) serve 64 clients: the same
run, event for event, whatever the machine is busy with. What the simulator itself executes is told
apart by the names of its functions and left out of `instructions`; what it calls of the C library
is in. Prints the figures beside the recorded ones; more than 5 % more of anything is a failure.

  tools/cost.py               compare with docs/benchmarks/cost.json
  tools/cost.py --record      write that file anew, with a change that is worth its cost
  tools/cost.py --functions N the N most expensive functions of each kind as well

Exit codes: 0 within the limit, 1 above it or failed, 2 usage, 77 skipped: no valgrind.
"""
import argparse
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RECORD = os.path.join(ROOT, "docs", "benchmarks", "cost.json")
OPERATIONS = 1000  # of each kind
KINDS = ("set", "get")  # in the order in which the program runs them
FIGURES = ("instructions", "allocations", "bytes")
LIMIT = 1.05
SKIPPED = 77
SIMULATOR = re.compile(r"ostraka::(sim|sim_ports|engine_memory)::|ostraka_cost_measured|"
                       r"(?<!::)\(anonymous namespace\)::(Client|Cluster)::")
MODULE = re.compile(r"ostraka::((?:protocol|gateway)::[a-z]\w*(?=::)|\w+)::")
RESULT_TYPE = re.compile(r"^[\w:<>, *&]*? (?=[\w:~]+\()")


def self_costs(lines):
    """{function: instructions of its own} of a callgrind file (its manual: "File Format")."""
    costs, function, is_call = collections.Counter(), None, False
    for line in lines:
        if line.startswith("fn="):
            function = line[3:].rstrip("\n")
        elif line.startswith("calls="):
            is_call = True  # the next line is the callee's
        elif line[:1].isdigit() or line[:1] in "+-*":
            fields = line.split()
            if is_call:
                is_call = False
            elif function is not None and len(fields) > 1:
                costs[function] += int(fields[1])
    return costs


def module_of(function):
    if SIMULATOR.search(function):
        return "simulator"
    found = MODULE.search(RESULT_TYPE.sub("", function))
    return found.group(1).replace("::", "/") if found else "libraries"


def figures_of(costs, allocated):
    modules = collections.Counter()
    for function, count in costs.items():
        modules[module_of(function)] += count
    each = {name: round(count / OPERATIONS, 1) for name, count in modules.most_common()
            if count > 0}
    simulator = each.pop("simulator", 0)
    return {"instructions": round(sum(each.values()), 1), **allocated,
            "simulator_instructions": simulator, "instructions_by_module": each}


def measure(program, folder):
    """({kind: figures}, {kind: instructions of each function})."""
    # valgrind 3.19 stops at what clang 19 writes for debuggers; names of functions are enough.
    stripped = os.path.join(folder, "ostraka_cost")
    subprocess.run(["llvm-objcopy-19", "--strip-debug", program, stripped], check=True)
    out = os.path.join(folder, "callgrind")
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
               "--collect-atstart=no", "--toggle-collect=ostraka_cost_measured",
               "--dump-after=ostraka_cost_measured", "--compress-strings=no",
               stripped, str(OPERATIONS)]
    done = subprocess.run(command, capture_output=True, text=True, env={"LC_ALL": "C"},
                          cwd=folder, check=False)
    if done.returncode != 0:
        sys.exit(f"cost: valgrind ended with {done.returncode}\n{done.stderr}")
    allocated, figures, functions = json.loads(done.stdout), {}, {}
    for number, kind in enumerate(KINDS, 1):
        with open(f"{out}.{number}", encoding="utf-8") as profile:
            functions[kind] = self_costs(profile)
        figures[kind] = figures_of(functions[kind], allocated[kind])
    return figures, functions


def about():
    """What else the figures depend on."""
    clang = subprocess.run(["clang++-19", "--version"], capture_output=True, text=True, check=False)
    return {"operations": OPERATIONS, "compiler": (clang.stdout.splitlines() or ["unknown"])[0],
            "c_library": "-".join(os.confstr("CS_GNU_LIBC_VERSION").split())}


def compare(figures, recorded):
    """(lines to print, whether everything is within the limit)."""
    lines, good = [f"{'':22}{'recorded':>12}{'now':>12}{'change':>10}"], True
    for kind in KINDS:
        for name in FIGURES:
            now, before = figures[kind][name], recorded[kind][name]
            change = now / before if before else float(now == 0)
            verdict = ""
            if now > before * LIMIT:
                good, verdict = False, "  MORE THAN 5 % MORE"
            elif now * LIMIT < before:
                verdict = "  less: record it"
            lines.append(f"{kind.upper() + ', ' + name:22}{before:12.1f}{now:12.1f}"
                         f"{100 * change - 100:+9.2f}%{verdict}")
    return lines, good


def print_profile(figures, functions, count):
    for kind in KINDS:
        modules = figures[kind]["instructions_by_module"]
        print(f"{kind.upper()}, instructions an operation by module: " +
              ", ".join(f"{name} {value:.0f}" for name, value in modules.items()) +
              f"; the simulator's own {figures[kind]['simulator_instructions']:.0f}")
        for name, cost in functions[kind].most_common(count):
            print(f"  {cost / OPERATIONS:10.1f}  {name[:120]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", help="(%(default)s)",
                        default=os.path.join(ROOT, "build", "release", "bin", "ostraka_cost"))
    parser.add_argument("--record", action="store_true", help="write the record anew")
    parser.add_argument("--functions", type=int, default=0, metavar="N", help="print so many")
    args = parser.parse_args()
    for program in ("valgrind", "llvm-objcopy-19"):
        if not shutil.which(program):
            print(f"SKIPPED: {program} is not installed (scripts/install-deps --test)")
            return SKIPPED
    if not os.path.exists(args.program):
        sys.exit(f"cost: {args.program} is not built: "
                 "cmake --build --preset release --target ostraka_cost")
    with tempfile.TemporaryDirectory(prefix="ostraka-cost-") as folder:
        figures, functions = measure(args.program, folder)
    print_profile(figures, functions, args.functions)
    if args.record:
        os.makedirs(os.path.dirname(RECORD), exist_ok=True)
        with open(RECORD, "w", encoding="utf-8") as f:
            json.dump({**about(), **figures}, f, indent=1)
            f.write("\n")
        print(f"recorded in {os.path.relpath(RECORD, ROOT)}")
        return 0
    with open(RECORD, encoding="utf-8") as f:
        lines, good = compare(figures, json.load(f))
    print("\n".join(lines))
    if not good:
        print("An operation costs more than 5 % more than recorded. If that is what the change is "
              "worth,\nrecord it with it: tools/cost.py --record; "
              "else see where: tools/cost.py --functions 30")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
