"""The fuzzers by name; a new one is a module with a function `fuzz(run)`, and a line here."""

from tests.fuzz import bodies, wire
from tests.fuzz.run import Fuzzer

FUZZERS: dict[str, Fuzzer] = {"wire": wire.fuzz, "bodies": bodies.fuzz}
