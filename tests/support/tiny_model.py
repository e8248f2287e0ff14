"""A language model of half a megabyte with random weights: llama.cpp runs it like any other; it talks gibberish."""

import sys
from pathlib import Path

import gguf
import numpy as np

CONTEXT = 4096
WIDTH = 64
FEED_FORWARD = 128
LAYERS = 2
HEADS = 4

LIKINGS = {"</s>": 6.0, '"': 8.0, "}": 8.0, "]": 8.0}
"""The ends of things are likely, so that answers and strings in them end."""
DISLIKE = -40.0
"""Single bytes and control tokens do not come up by chance: answers are printable."""

SPECIAL = (("<unk>", gguf.TokenType.UNKNOWN), ("<s>", gguf.TokenType.CONTROL), ("</s>", gguf.TokenType.CONTROL))
TEXT = ("\u2581", *(chr(code) for code in range(0x21, 0x7F)))
TEMPLATE = "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}\n{% endfor %}<assistant>"


def write_tiny_model(path: Path, seed: int = 1) -> Path:
    """Write the model as a GGUF file, the same bytes for the same seed, and return the path; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, "llama")
    _describe(writer)
    tokens = _write_tokens(writer)
    _write_weights(writer, tokens, np.random.default_rng(seed))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _describe(writer: gguf.GGUFWriter) -> None:
    writer.add_name("tiny")
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)


def _write_tokens(writer: gguf.GGUFWriter) -> list[str]:
    """One token a byte, and the printable characters once more as text; all of them."""
    tokens = [text for text, _ in SPECIAL]
    kinds = [kind for _, kind in SPECIAL]
    tokens += [f"<0x{byte:02X}>" for byte in range(256)]
    kinds += [gguf.TokenType.BYTE] * 256
    tokens += TEXT
    kinds += [gguf.TokenType.NORMAL] * len(TEXT)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(kinds)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(TEMPLATE)
    return tokens


def _write_weights(writer: gguf.GGUFWriter, tokens: list[str], chance: np.random.Generator) -> None:
    """Random weights, but the first element of the state, which nothing changes, carries the likings."""

    def weights(*shape: int) -> np.ndarray:
        return (chance.standard_normal(shape) * 0.2).astype(np.float32)

    def add_norm(name: str) -> None:
        writer.add_tensor(name, np.ones(WIDTH, dtype=np.float32))

    embeddings, likelihoods = weights(len(tokens), WIDTH), weights(len(tokens), WIDTH)
    embeddings[:, 0] = 1.0
    likelihoods[:, 0] = [LIKINGS.get(token, 0.0 if token in TEXT else DISLIKE) for token in tokens]
    writer.add_tensor("token_embd.weight", embeddings)
    add_norm("output_norm.weight")
    writer.add_tensor("output.weight", likelihoods)
    for layer in range(LAYERS):
        shapes = {"attn_q": (WIDTH, WIDTH), "attn_k": (WIDTH, WIDTH), "attn_v": (WIDTH, WIDTH)}
        shapes |= {"attn_output": (WIDTH, WIDTH), "ffn_gate": (FEED_FORWARD, WIDTH)}
        shapes |= {"ffn_up": (FEED_FORWARD, WIDTH), "ffn_down": (WIDTH, FEED_FORWARD)}
        for part, shape in shapes.items():
            matrix = weights(*shape)
            if part in ("attn_output", "ffn_down"):
                matrix[0] = 0.0
            writer.add_tensor(f"blk.{layer}.{part}.weight", matrix)
        add_norm(f"blk.{layer}.attn_norm.weight")
        add_norm(f"blk.{layer}.ffn_norm.weight")


if __name__ == "__main__":
    write_tiny_model(Path(sys.argv[1]))
