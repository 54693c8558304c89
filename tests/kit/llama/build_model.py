"""Build the tiny scripted model: a GGUF file of constructed weights; nothing is trained or downloaded.

Run by the environment of tests/llama.lock:  python build_model.py SCRIPTS.json TOKENIZER.json OUT.gguf

How it works. Every piece of every script is a token of its own, with a dimension of its own, and the output matrix
holds `piece → next piece`: the model follows a script like beads on a string. Which string is decided by one
attention head. Its keys are the same for every marker token and zero for all others, turned by RoPE so slowly that
the score only falls with distance: the head finds the last marker of the prompt and copies that marker's dimension
to wherever the model is. At the token that ends the prompt, that dimension selects the first piece.
What no script says (under a grammar, say) is decided by biases that close quotes and braces soon.
"""

import json
import math
import os
import re
import sys
from pathlib import Path

import gguf
import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

WORDS = 6000
"""Size of the learned vocabulary: enough that the prompts of an agent take about as many tokens as elsewhere."""

USER = "<|im_start|>user\n"
TOOL_RESULT = "<tool_response>"
BEGIN, END, STOP = "<|im_start|>", "<|im_end|>", "<|endoftext|>"
STARTS = ("<|im_start|>assistant\n", "</think>\n\n", "[/INST]", "[[go]]")
"""What a prompt can end with for a script to begin there; the last is for prompts that begin the answer themselves."""

HEAD = 64
FEED_FORWARD = 32
# Score of a marker at distance d: STEEP² / 8 · cos(d · TURN + LEAN). It has to fall with every step and stay above
# the zero of other tokens over the whole context: CONTEXT · TURN + LEAN < π/2.
CONTEXT, TURN, LEAN, STEEP = 65536, 2e-5, 0.2, 2000.0

NEXT, FIRST, CHOSEN, HELD = 250.0, 130.0, 40.0, 20.0
OFF_SCRIPT = -60.0
CLOSING_TAG = "\n</tool_call>"
EASY = {'"': 20.0, '"}': 18.0, "}": 16.0, CLOSING_TAG: 15.0, "]": 14.0, "{": 10.0, END: 7.0}
"""What a grammar gets where it forces the model off its script: an object at once, and a quick end."""


def main(scripts_path: str, tokenizer_path: str, out_path: str) -> None:
    """Build the model of the scripts in a JSON file."""
    given = json.loads(Path(scripts_path).read_text(encoding="utf-8"))
    vocabulary = Vocabulary(Path(tokenizer_path))
    strings = {name: String(script, vocabulary) for name, script in given["scripts"].items()}
    markers = {name: vocabulary.marker(name) for name in strings}
    second = {text: String(text, vocabulary) for text in dict.fromkeys(given.get("held", {}).values())}
    held = {name: second[text] for name, text in given.get("held", {}).items()}
    write(Path(out_path), vocabulary, weights(vocabulary, strings, markers, held), given["template"])


class Vocabulary:
    """The tokens: learned words, control tokens, markers, and the pieces of the scripts."""

    def __init__(self, cached: Path) -> None:
        if not cached.exists():
            new = cached.with_suffix(f".{os.getpid()}")
            learned().save(str(new))
            new.replace(cached)
        model = json.loads(cached.read_text(encoding="utf-8"))["model"]
        self.texts = sorted(model["vocab"], key=model["vocab"].__getitem__)
        self.merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
        self.types = [gguf.TokenType.NORMAL] * len(self.texts)
        self.words = len(self.texts)
        self.ids = {text: number for number, text in enumerate(self.texts)}
        for text in (STOP, BEGIN, END):
            self.add(text, gguf.TokenType.CONTROL)
        self.piece(CLOSING_TAG)
        self.starts = [self.add(text, gguf.TokenType.USER_DEFINED) for text in STARTS]

    def add(self, text: str, kind: gguf.TokenType) -> int:
        """Add a token, and return its number."""
        assert text not in self.ids, text
        self.ids[text] = len(self.texts)
        self.texts.append(text)
        self.types.append(kind)
        return self.ids[text]

    def marker(self, name: str) -> int:
        """Add the marker that selects a script; the user's turn and a tool's result are markers themselves."""
        text = {"text": USER, "after_tool": TOOL_RESULT}.get(name, f"[[{name}]]")
        return self.add(text, gguf.TokenType.USER_DEFINED)

    def piece(self, text: str) -> int:
        """Add a piece of a script."""
        return self.add(spelled(text), gguf.TokenType.NORMAL)


class String:
    """One script as tokens, each after the other; a refrain leads back to its own beginning."""

    def __init__(self, script: str | list[str], vocabulary: Vocabulary) -> None:
        start, refrain = (script, "") if isinstance(script, str) else script
        self.tokens = [vocabulary.piece(piece) for piece in pieces(start, vocabulary)]
        back = [vocabulary.piece(piece) for piece in pieces(refrain, vocabulary)]
        self.tokens += [*back, back[0] if back else vocabulary.ids[END]]


def pieces(text: str, vocabulary: Vocabulary) -> list[str]:
    """Cut a text into pieces of which none is a token yet, short ones where it can be done."""
    dead: set[int] = set()
    taken: set[str] = set()

    def cut(at: int) -> list[str] | None:
        if at == len(text):
            return []
        # A first piece "<t" would be the beginning of "<think>" as well, which some grammars allow.
        for size in range(2 if at else 3, 40):
            piece = text[at : at + size]
            if len(piece) < size or at in dead:
                break
            if spelled(piece) in vocabulary.ids or piece in taken or 0 < len(text) - at - size < 2:
                continue
            taken.add(piece)
            rest = cut(at + size)
            if rest is not None:
                return [piece, *rest]
            taken.discard(piece)
        dead.add(at)
        return None

    sys.setrecursionlimit(10_000)
    found = cut(0)
    if found is None:
        raise SystemExit(f"no way to cut {text[:60]!r} into new pieces")
    return found


def spelled(text: str) -> str:
    """Write text as byte-level vocabularies do: every byte a printable character."""
    return "".join(BYTES[byte] for byte in text.encode())


def byte_alphabet() -> list[str]:
    """Return GPT-2's character for each byte: printable ones stand for themselves, the rest from 256 on."""
    plain = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in plain else chr(next(others)) for byte in range(256)]


BYTES = byte_alphabet()


def learned() -> Tokenizer:
    """Learn words from what every Python carries: its library and its manual."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    library = Path(json.__file__).parent.parent
    files = [*sorted((library / "pydoc_data").glob("*.py")), *sorted(library.glob("*.py"))[:100]]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=WORDS, show_progress=False, initial_alphabet=alphabet, special_tokens=[])
    tokenizer.train([str(file) for file in files], trainer)
    return tokenizer


def weights(
    vocabulary: Vocabulary, strings: dict[str, String], markers: dict[str, int], held: dict[str, String]
) -> dict[str, np.ndarray]:
    """Construct every matrix; dimension 0 is always one, the others belong to one token each."""
    own = {token for string in (*strings.values(), *held.values()) for token in string.tokens} | set(markers.values())
    own |= set(vocabulary.starts)
    dimension = {token: 1 + place for place, token in enumerate(sorted(own))}
    width = -(-(1 + len(own)) // 64) * 64
    embedding = np.zeros((len(vocabulary.texts), width), np.float32)
    embedding[:, 0] = 1.0
    for token, place in dimension.items():
        embedding[token, place] = 1.0
    layer = attention(sorted(markers.values()), dimension, width)
    norms = np.full(width, 1 / math.sqrt(width / 2), np.float32)
    return {
        "token_embd.weight": embedding.astype(np.float16),
        "output.weight": output(vocabulary, strings, markers, held, dimension, width).astype(np.float16),
        "output_norm.weight": np.full(width, math.sqrt(2 / width), np.float32),
        "blk.0.attn_norm.weight": norms,
        "blk.0.ffn_norm.weight": np.ones(width, np.float32),
        **layer,
        "blk.0.ffn_gate.weight": np.zeros((FEED_FORWARD, width), np.float32),
        "blk.0.ffn_up.weight": np.zeros((FEED_FORWARD, width), np.float32),
        "blk.0.ffn_down.weight": np.zeros((width, FEED_FORWARD), np.float32),
    }


def attention(markers: list[int], dimension: dict[int, int], width: int) -> dict[str, np.ndarray]:
    """Make the head that finds the last marker and copies its dimension; the last pair of each head turns slowest."""
    assert len(markers) <= HEAD, "more scripts than the head has room for"
    query, key = np.zeros((HEAD, width), np.float32), np.zeros((HEAD, width), np.float32)
    value, back = np.zeros((HEAD, width), np.float32), np.zeros((width, HEAD), np.float32)
    query[HEAD - 2, 0], query[HEAD - 1, 0] = STEEP * math.cos(LEAN), STEEP * math.sin(LEAN)
    for row, token in enumerate(markers):
        key[HEAD - 2, dimension[token]] = STEEP
        value[row, dimension[token]] = 1.0
        back[dimension[token], row] = 1.0
    names = ("q", "k", "v", "output")
    return {f"blk.0.attn_{name}.weight": part for name, part in zip(names, (query, key, value, back), strict=True)}


def output(
    vocabulary: Vocabulary,
    strings: dict[str, String],
    markers: dict[str, int],
    held: dict[str, String],
    dimension: dict[int, int],
    width: int,
) -> np.ndarray:
    """Make the output matrix: biases for all tokens, and for the scripts what comes first and what comes next.

    The second choice of a marker that has one comes right after its script, for where a grammar forbids that.
    """
    matrix = np.zeros((len(vocabulary.texts), width), np.float32)
    matrix[:, 0] = [bias(vocabulary, token) for token in range(len(vocabulary.texts))]
    choices = [(name, string, CHOSEN) for name, string in strings.items()]
    for name, string, weight in [*choices, *((name, string, HELD) for name, string in held.items())]:
        first, marker = string.tokens[0], dimension[markers[name]]
        extra = 0.0 if vocabulary.texts[first] == END else -OFF_SCRIPT
        for start in vocabulary.starts:
            matrix[first, dimension[start]] = FIRST + extra
        # The end is also the next of every last piece: there, and in mid-script, a marker must not matter.
        matrix[first, marker] += weight
        for piece, following in zip(string.tokens, string.tokens[1:], strict=False):
            matrix[following, dimension[piece]] = NEXT
    return matrix


def bias(vocabulary: Vocabulary, token: int) -> float:
    """Say how likely a token is where no script leads: under a grammar, text ends soon."""
    text = vocabulary.texts[token]
    if text in EASY or text == spelled(CLOSING_TAG):
        return EASY.get(text, EASY[CLOSING_TAG])
    if token >= vocabulary.words:
        return OFF_SCRIPT
    return 0.0 if re.fullmatch(r"[!-~Ġ]+", text) else -100.0


def write(path: Path, vocabulary: Vocabulary, tensors: dict[str, np.ndarray], template: str) -> None:
    """Write the file, in one piece or not at all."""
    width = tensors["output_norm.weight"].shape[0]
    new = path.with_suffix(f".{os.getpid()}")
    file = gguf.GGUFWriter(new, "llama")
    file.add_name("tiny-scripted")
    file.add_context_length(CONTEXT)
    file.add_embedding_length(width)
    file.add_block_count(1)
    file.add_feed_forward_length(FEED_FORWARD)
    file.add_head_count(1)
    file.add_head_count_kv(1)
    file.add_key_length(HEAD)
    file.add_value_length(HEAD)
    file.add_rope_dimension_count(HEAD)
    # The last of HEAD / 2 pairs turns by base ** -((HEAD - 2) / HEAD) at each position: this makes it TURN.
    file.add_rope_freq_base((1 / TURN) ** (HEAD / (HEAD - 2)))
    file.add_layer_norm_rms_eps(1e-6)
    file.add_vocab_size(len(vocabulary.texts))
    file.add_tokenizer_model("gpt2")
    file.add_tokenizer_pre("gpt-2")
    file.add_token_list(vocabulary.texts)
    file.add_token_types(vocabulary.types)
    file.add_token_merges(vocabulary.merges)
    file.add_eos_token_id(vocabulary.ids[END])
    file.add_bos_token_id(vocabulary.ids[STOP])
    file.add_pad_token_id(vocabulary.ids[STOP])
    file.add_add_bos_token(False)
    file.add_chat_template(template)
    for name, tensor in tensors.items():
        file.add_tensor(name, np.ascontiguousarray(tensor))
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
    new.replace(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
