"""A Whisper of a few thousand random weights: its words mean nothing, its form is the real one."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    GenerationConfig,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
)

LANGUAGES = ("en", "fi", "sv")
_SPECIAL = (
    "<|endoftext|>",
    "<|startoftranscript|>",
    *(f"<|{code}|>" for code in LANGUAGES),
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
)


def write(directory: Path, seed: int = 0, steps: int = 12) -> Path:
    """A model directory as `whisper.load` reads it. Decoding stops after `steps` tokens."""
    directory.mkdir(parents=True, exist_ok=True)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={c: n for n, c in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in _SPECIAL])
    tokenizer.save(str(directory / "tokenizer.json"))
    ids = {name: len(letters) + n for n, name in enumerate(_SPECIAL)}
    eos, start = ids["<|endoftext|>"], ids["<|startoftranscript|>"]
    config = _config(len(letters) + len(_SPECIAL) + 1501, steps, eos, start)
    torch.manual_seed(seed)
    net = WhisperForConditionalGeneration(config)
    with torch.no_grad():
        # Else 1501 timestamps together always outweigh any word, and nothing is ever said.
        net.proj_out.weight[: len(letters)] *= 60
    net.save_pretrained(directory)
    GenerationConfig(  # type: ignore[no-untyped-call]
        pad_token_id=eos,
        bos_token_id=eos,
        eos_token_id=eos,
        decoder_start_token_id=start,
        max_length=steps + 4,
        is_multilingual=True,
        lang_to_id={f"<|{code}|>": ids[f"<|{code}|>"] for code in LANGUAGES},
        task_to_id={"transcribe": ids["<|transcribe|>"], "translate": ids["<|translate|>"]},
        no_timestamps_token_id=ids["<|notimestamps|>"],
        max_initial_timestamp_index=50,
        suppress_tokens=[],
        begin_suppress_tokens=[eos],
    ).save_pretrained(directory)
    WhisperFeatureExtractor().save_pretrained(directory)  # type: ignore[no-untyped-call]
    (directory / "MODEL").write_text("tiny-random@0\n", encoding="utf-8")
    return directory


def _config(words: int, steps: int, eos: int, start: int) -> WhisperConfig:
    return WhisperConfig(
        vocab_size=words,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_target_positions=steps + 8,
        pad_token_id=eos,
        bos_token_id=eos,
        eos_token_id=eos,
        decoder_start_token_id=start,
        suppress_tokens=[],
        begin_suppress_tokens=[eos],
        tie_word_embeddings=False,  # a random model whose words are also its input says one word
    )
