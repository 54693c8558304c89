"""Serve the tiny model with the real llama.cpp server, which lives in the wheel xllamacpp, until stdin is closed.

Run by the environment of tests/llama.lock:  python serve.py '{"model": …, "port": 0, "ctx": 65536, …}'
Prints its address once it listens. Closing stdin ends it, so that it never outlives whoever started it.
"""

import json
import os
import sys

import xllamacpp


def main(options: str) -> None:
    """Serve; see the module's first lines."""
    server = xllamacpp.Server(parameters(json.loads(options)))
    print(json.dumps({"url": server.listening_address}), flush=True)
    sys.stdin.read()
    os._exit(0)


def parameters(options: dict) -> xllamacpp.CommonParams:
    """Set the server up for the processor alone.

    The model's attention measures small angles: its cache has to stay in 32 bits, without flash attention.
    """
    given = xllamacpp.CommonParams()
    given.model.path = options["model"]
    given.port = options["port"]
    given.n_ctx = options["ctx"]
    given.n_parallel = options["parallel"]
    given.kv_unified = True
    given.cache_type_k = given.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    given.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    given.n_gpu_layers = 0
    # Its threads spin while they wait for each other: on a busy machine, as tests make it, one is quickest.
    given.cpuparams.n_threads = 1
    given.cpuparams_batch.n_threads = 1
    given.warmup = False
    given.use_jinja = True
    given.endpoint_slots = True
    given.endpoint_metrics = True
    given.ui = False
    given.model_alias = {"tiny-scripted"} if isinstance(given.model_alias, set) else ["tiny-scripted"]
    given.sampling.temp = 0.0
    if options["api_key"]:
        given.api_keys = [options["api_key"]]
    return given


if __name__ == "__main__":
    main(sys.argv[1])
