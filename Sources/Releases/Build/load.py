"""Says what it is about to load, and of what did not load why: JSON lines, read by BuildValidation.

What modules print goes to standard error. It imports from the working directory, as servers do.
"""
import importlib, json, os, re, sys, traceback
out = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)
plan = json.loads(sys.argv.pop())

def say(**what):
    out.write(json.dumps(what) + "\n")

def load(what, optional=False):
    say(what=what)
    module, _, attribute = what.partition(":")
    try:
        found = importlib.import_module(module)
        for part in filter(None, attribute.split(".")):
            found = getattr(found, part)
    except BaseException:
        say(what=what, trace=traceback.format_exc(), optional=optional)

def of_requirements():
    from importlib.metadata import packages_distributions
    def plain(name):
        return re.sub(r"[-_.]+", "-", name).lower()
    if plan["requirements"].endswith(".whl"):
        named = {plain(os.path.basename(plan["requirements"]).split("-")[0])}
    else:
        with open(plan["requirements"]) as file:
            found = (re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", line) for line in file)
            named = {plain(match.group(1)) for match in found if match}
    beside = {"tests", "test", "docs", "examples", "benchmarks"}
    for module, distributions in sorted(packages_distributions().items()):
        if module.isidentifier() and not module.startswith("_") and module not in beside:
            if named.intersection(map(plain, distributions)):
                yield module

for module in plan["optional"]:
    load(module, optional=True)
critical = plan["critical"]
for module in of_requirements() if critical is None else critical:
    if module not in plan["optional"]:
        load(module)
for entry in plan["entry_points"]:
    load(entry)
# A thread that a module has started must not keep us.
out.flush()
os._exit(0)
