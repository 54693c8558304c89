"""The fuzzers by name; a new one is a module with a function `fuzz(run)`, and a line here."""

from tests.fuzz import agentfiles, api, bodies, config, localsse, prices, reload, sse, wire
from tests.fuzz.run import Fuzzer

FUZZERS: dict[str, Fuzzer] = {
    "wire": wire.fuzz,
    "bodies": bodies.fuzz,
    "sse": sse.fuzz,
    "localsse": localsse.fuzz,
    "config": config.fuzz,
    "reload": reload.fuzz,
    "prices": prices.fuzz,
    "agentfiles": agentfiles.fuzz,
    "api": api.fuzz,
}
