"""What a real llama.cpp server tells of itself."""

from datetime import UTC, datetime

import pytest

from proxy.upstream.local import LocalSetting, LocalUpstream, Registry, plain_session
from tests.kit.llama.server import MODEL, LlamaServer, llama_server
from tests.kit.llama.templates import CHATML

pytestmark = pytest.mark.slow


def seen(url: str, **more: str) -> LocalUpstream:
    """Ask a server."""
    session = plain_session()
    with session:
        known = Registry(
            (LocalSetting("box", url, **more),), False, lambda: datetime(2026, 11, 21, tzinfo=UTC), session
        )
        return known.refresh()[0]


def test_its_context_and_its_templates_tools_are_found(llama: LlamaServer) -> None:
    upstream = seen(llama.url)
    (model,) = upstream.models
    assert (upstream.kind, upstream.healthy, model.id) == ("llamacpp", True, MODEL)
    assert (model.context, model.trained_context, model.claims_tools, model.tools) == (65536, 65536, True, None)
    assert (model.concurrency, model.loaded, model.context_from) == (2, True, "loaded")
    assert model.weight_bytes is not None
    assert model.weight_bytes > 1_000_000
    assert model.parameters.endswith("M")


def test_a_template_without_tools_and_a_key_are_noticed() -> None:
    with llama_server(template=CHATML, ctx=4096, api_key="k") as server:
        assert seen(server.url).why == "it refused our key"
        (model,) = seen(server.url, api_key="k").models
        assert (model.context, model.tools) == (4096, False)
