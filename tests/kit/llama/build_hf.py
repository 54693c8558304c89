"""Build the tiny scripted model in the form that `transformers` reads; see build_model.py for how it works.

Run by an environment that has transformers[serving], torch and gguf:  python build_hf.py MODEL.json WORDS.json FOLDER
The first two lie in .cache/llama/models once a llama.cpp server has run. Then, in that environment, and in ours:

    HF_HUB_OFFLINE=1 transformers serve FOLDER --device cpu --dtype float32 --attn-implementation eager --port 18733
    python -m tests.prove.local_matrix --server http://127.0.0.1:18733 --model FOLDER

No test does so: that environment takes more than a gigabyte.
"""

import json
import sys
from pathlib import Path

import build_model as tiny
import numpy as np
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

NAMES = {
    "token_embd": "model.embed_tokens", "output": "lm_head", "output_norm": "model.norm",
    "blk.0.attn_norm": "model.layers.0.input_layernorm", "blk.0.ffn_norm": "model.layers.0.post_attention_layernorm",
    "blk.0.attn_q": "model.layers.0.self_attn.q_proj", "blk.0.attn_k": "model.layers.0.self_attn.k_proj",
    "blk.0.attn_v": "model.layers.0.self_attn.v_proj", "blk.0.attn_output": "model.layers.0.self_attn.o_proj",
    "blk.0.ffn_gate": "model.layers.0.mlp.gate_proj", "blk.0.ffn_up": "model.layers.0.mlp.up_proj",
    "blk.0.ffn_down": "model.layers.0.mlp.down_proj",
}  # fmt: skip


def main(scripts_path: str, tokenizer_path: str, folder: str) -> None:
    """Build the folder of the scripts in a JSON file."""
    given = json.loads(Path(scripts_path).read_text(encoding="utf-8"))
    vocabulary = tiny.Vocabulary(Path(tokenizer_path))
    strings = {name: tiny.String(script, vocabulary) for name, script in given["scripts"].items()}
    markers = {name: vocabulary.marker(name) for name in strings}
    second = {text: tiny.String(text, vocabulary) for text in dict.fromkeys(given.get("held", {}).values())}
    held = {name: second[text] for name, text in given.get("held", {}).items()}
    tensors = tiny.weights(vocabulary, strings, markers, held)
    width = tensors["output_norm.weight"].shape[0]
    ends = [vocabulary.ids[tiny.END], vocabulary.ids[tiny.STOP]]
    config = LlamaConfig(
        vocab_size=len(vocabulary.texts), hidden_size=width, intermediate_size=tiny.FEED_FORWARD, num_hidden_layers=1,
        num_attention_heads=1, num_key_value_heads=1, head_dim=tiny.HEAD, max_position_embeddings=tiny.CONTEXT,
        rms_norm_eps=1e-6, tie_word_embeddings=False, bos_token_id=ends[1], eos_token_id=ends, pad_token_id=ends[1],
        rope_parameters={"rope_type": "default", "rope_theta": (1 / tiny.TURN) ** (tiny.HEAD / (tiny.HEAD - 2))},
    )  # fmt: skip
    model = LlamaForCausalLM(config).to(torch.float32)
    state = {f"{NAMES[name.removesuffix('.weight')]}.weight": turned(name, part) for name, part in tensors.items()}
    model.load_state_dict({name: torch.from_numpy(part.astype(np.float32)) for name, part in state.items()})
    model.generation_config.do_sample = False
    model.save_pretrained(folder)
    tokenizer(vocabulary, given["template"]).save_pretrained(folder)


def turned(name: str, part: np.ndarray) -> np.ndarray:
    """Put the pair that turns slowest where transformers has it: half a head apart, not side by side."""
    if not name.startswith(("blk.0.attn_q", "blk.0.attn_k")):
        return part
    moved = np.zeros_like(part)
    moved[tiny.HEAD // 2 - 1], moved[tiny.HEAD - 1] = part[tiny.HEAD - 2], part[tiny.HEAD - 1]
    return moved


def tokenizer(vocabulary: tiny.Vocabulary, template: str) -> PreTrainedTokenizerFast:
    """Make the tokenizer: the same words, markers and control tokens."""
    merges = [tuple(merge.split(" ")) for merge in vocabulary.merges]
    words = Tokenizer(models.BPE(vocab=vocabulary.ids, merges=merges))
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    for text, kind in zip(vocabulary.texts, vocabulary.types, strict=True):
        if kind == tiny.gguf.TokenType.CONTROL:
            words.add_special_tokens([AddedToken(text, normalized=False)])
        elif kind == tiny.gguf.TokenType.USER_DEFINED:
            words.add_tokens([AddedToken(text, normalized=False)])
    made = PreTrainedTokenizerFast(tokenizer_object=words, eos_token=tiny.END, bos_token=tiny.STOP, pad_token=tiny.STOP)
    made.chat_template = template
    return made


if __name__ == "__main__":
    main(*sys.argv[1:])
