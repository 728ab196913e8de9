"""Record the public surface of sagemaker_pyspark by introspection: ``sagemaker_pyspark-1.4.5.json``.

Run it where sagemaker_pyspark 1.4.5 and a pyspark can be imported (no JVM is needed, its Python files do)::

    pip download --no-deps --no-binary :all: sagemaker_pyspark==1.4.5
    tar xzf sagemaker_pyspark-1.4.5.tar.gz
    PYTHONPATH=sagemaker_pyspark-1.4.5/src python record.py > sagemaker_pyspark-1.4.5.json

What setters take is recorded by trying them: the values of `POOL`, and all texts that stand in their code.
"""

import importlib
import inspect
import json
import sys

from pyspark.ml.param import Param, Params

PEER = "sagemaker_pyspark"
MODULES = (
    "",
    ".algorithms",
    ".transformation.serializers",
    ".transformation.deserializers",
    ".IAMRoleResource",
    ".NamePolicy",
    ".S3Resources",
)
JVM_PLUMBING = ("SageMakerJavaWrapper", "Option")
JVM_ARGUMENTS = ("javaObject", "java_object")
POOL = (
    [-7, -1, 0, 1, 2, 3, 5, 42, 1_000_000, 1_000_001]
    + [-3.5, -0.001, 0.001, 0.5, 0.999, 1.001, 1.5, 1.999, 2.001]
    + ["", "auto", "True", "False", "0", "-1", "2", "0.1", "1.5", "not-a-value"]
)


def public(names):
    return sorted(name for name in names if not name.startswith("_"))


def arguments(function):
    """Return name, and default where it is optional; defaults that are objects are recorded as text only."""
    recorded = []
    for parameter in list(inspect.signature(function).parameters.values()):
        if parameter.name in ("self", "cls", *JVM_ARGUMENTS) or parameter.kind is parameter.VAR_KEYWORD:
            continue
        entry = {"name": parameter.name}
        if parameter.default is not parameter.empty:
            plain = parameter.default is None or isinstance(parameter.default, (bool, int, float, str))
            entry["default" if plain else "built"] = (
                parameter.default if plain else type(parameter.default).__name__
            )
        recorded.append(entry)
    return recorded


def own_members(cls):
    """Return what the class has from this package, not from pyspark or Python."""
    found = {}
    for klass in reversed(cls.__mro__):
        if klass.__module__.startswith(PEER) and klass.__name__ not in JVM_PLUMBING:
            found.update(vars(klass))
    return {name: found[name] for name in public(found)}


def surface(cls):
    members = own_members(cls)
    methods = {n: arguments(m) for n, m in members.items() if inspect.isfunction(m)}
    classmethods = {n: arguments(getattr(cls, n)) for n, m in members.items() if isinstance(m, classmethod)}
    return {
        "init": arguments(cls.__init__)
        if "__init__" in dir(cls) and cls.__init__ is not object.__init__
        else [],
        "methods": methods,
        "classmethods": classmethods,
        "properties": [n for n, m in members.items() if isinstance(m, property)],
        "constants": [n for n, m in members.items() if not callable(m) and not is_described(m)],
        "bases": [b.__name__ for b in cls.__mro__ if b.__module__.startswith("pyspark.ml.base")],
    }


def is_described(member):
    return isinstance(member, (property, classmethod, staticmethod, Param))


class Recorder(dict):
    """The map of values of an estimator that has no JVM behind it; it tells which Param was set."""

    last = None

    def __setitem__(self, param, value):
        self.last = param.name
        super().__setitem__(param, value)


def without_jvm(cls):
    stage = cls.__new__(cls)
    Params.__init__(stage)
    stage._paramMap = Recorder()
    return stage


def candidates(setter):
    texts = [c for constant in setter.__code__.co_consts for c in flat(constant)]
    words = [text for text in texts if isinstance(text, str) and " " not in text]
    return POOL + [word for word in words if word not in POOL]


def flat(constant):
    return constant if isinstance(constant, (tuple, frozenset)) else (constant,)


def tried(cls, name):
    """Return the Param that a setter sets, and which values it takes and refuses."""
    stage = without_jvm(cls)
    takes, refuses = [], []
    for value in candidates(getattr(cls, name)):
        try:
            getattr(stage, name)(value)
            takes.append(value)
        except (ValueError, TypeError, AttributeError):
            refuses.append(value)
    return stage._paramMap.last, {"setter": name, "takes": takes, "refuses": refuses}


def params(cls):
    stage = without_jvm(cls)
    recorded = {param.name: {} for param in stage.params}
    for name in own_members(cls):
        if name.startswith("set") and hasattr(cls, "get" + name[3:]):
            param, entry = tried(cls, name)
            recorded[param] = {**entry, "getter": "get" + name[3:]}
    return recorded


def classes():
    for suffix in MODULES:
        module = importlib.import_module(PEER + suffix)
        if not inspect.ismodule(module):
            module = sys.modules[PEER + suffix]
        for name in public(vars(module)):
            cls = getattr(module, name)
            if inspect.isclass(cls) and cls.__module__.startswith(PEER) and name not in JVM_PLUMBING:
                yield f"{suffix}:{name}", cls


def written(value, levels):
    """Return JSON with a line for each entry of the outer levels."""
    if not levels or not isinstance(value, dict):
        return json.dumps(value)
    entries = [f"{json.dumps(key)}: {written(entry, levels - 1)}" for key, entry in value.items()]
    return "{\n" + ",\n".join(entries) + "\n}"


def main():
    root = importlib.import_module(PEER)
    facts = {
        "source": "sagemaker_pyspark 1.4.5 from PyPI, its public surface, recorded by record.py",
        "functions": {"classpath_jars": arguments(root.classpath_jars)},
        "classes": {},
        "params": {},
    }
    for path, cls in classes():
        facts["classes"][path] = surface(cls)
        if path.startswith(".algorithms:"):
            facts["params"][path] = params(cls)
    sys.stdout.write(written(facts, 3) + "\n")


if __name__ == "__main__":
    main()
