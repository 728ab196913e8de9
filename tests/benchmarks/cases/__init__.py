"""The cases by name; each yields its lines of the table."""

from tests.benchmarks.cases import codec, endpoint, faults, handwritten, memory, soak, staging

CASES = {
    "codec": codec.run,
    "staging": staging.run,
    "memory": memory.run,
    "endpoint": endpoint.run,
    "handwritten": handwritten.run,
    "faults": faults.run,
    "soak": soak.run,
}
