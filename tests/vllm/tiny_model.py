"""Makes a tiny random-weight chat model: python tests/vllm/tiny_model.py FOLDER.

Two Qwen2 layers of width 64 and a byte-level tokenizer over printable ASCII, trained on fjsim's own
prompts so that these stay short. Held to a reply's schema it states valid beliefs: the output layer
leans towards the tokens that end strings and numbers, and towards the number 0.2, five of which
add up to 1. Everything else is noise.
"""

from __future__ import annotations

import json
import sys
from importlib import resources
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

VOCABULARY = 2048
CONTEXT = 16384
WIDTH = 64
SHARE = "0.2"
END_OF_TURN, START_OF_TURN, PADDING = "<|im_end|>", "<|im_start|>", "<|endoftext|>"
TEMPLATE = (
    "{%- for m in messages -%}"
    "<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}<|im_start|>assistant\n{%- endif -%}"
)
LEANINGS = {'"': 9.5, ",": 9.0, "}": 9.0, SHARE: 11.0}
"""Added to the logits of tokens that begin so; enough to drown some two thousand others."""


def corpus() -> list[str]:
    """Prompts, questions and replies as fjsim writes them."""
    prompts = resources.files("fjsim.deliberation.prompts")
    texts = [item.read_text("utf-8") for item in prompts.iterdir() if item.name.endswith(".md")]
    questions = resources.files("fjsim") / "builtin_questions"
    for name in ("general.jsonl", "tools.jsonl"):
        texts += (questions / name).read_text("utf-8").splitlines()
    belief = dict.fromkeys("ABCDE", 0.25)
    reply = {"reasoning": "because", "answer": "A", "belief": belief, "confidence": 0.5}
    peer = '<peer name="agent-1">\n> answer: A\n> belief: A=0.25 B=0.25\n> reason: x\n</peer>\n'
    return texts * 5 + [json.dumps(reply), peer] * 50


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Only printable ASCII, newline and space exist, so no reply holds a raw control character."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    printable = sorted({chr(code) for code in range(33, 127)} | {"\u0120", "\u010a"})
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - 8,
        special_tokens=[PADDING, START_OF_TURN, END_OF_TURN],
        initial_alphabet=printable,
        show_progress=False,
    )
    texts = ("".join(c for c in text if c in "\n" or " " <= c <= "~") for text in corpus())
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken(SHARE, normalized=False)])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END_OF_TURN,
        pad_token=PADDING,
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = TEMPLATE
    return fast


def make_model(tokenizer: PreTrainedTokenizerFast) -> Qwen2ForCausalLM:
    """Random weights; dimension 0 of the stream is constant and carries the leanings."""
    torch.manual_seed(0)
    end, padding = tokenizer.convert_tokens_to_ids([END_OF_TURN, PADDING])
    config = Qwen2Config(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=end,
        pad_token_id=padding,
    )
    model = Qwen2ForCausalLM(config).float().eval()
    ids = tokenizer.get_vocab()
    with torch.no_grad():
        stream = model.model.embed_tokens.weight
        stream[:, 0] = 10 * stream.std()
        constant = float(stream[0, 0] / stream.square().mean(dim=1).sqrt().mean())
        leaning = model.lm_head.weight[:, 0]
        leaning.zero_()
        for token, number in ids.items():
            leaning[number] = LEANINGS.get(token, LEANINGS.get(token[0], 0.0)) / constant
    model.generation_config.eos_token_id = end
    model.generation_config.pad_token_id = padding
    return model


def main(folder: str) -> None:
    """Write the model unless it is there."""
    if (Path(folder) / "model.safetensors").exists():
        return
    tokenizer = make_tokenizer()
    tokenizer.save_pretrained(folder)
    make_model(tokenizer).save_pretrained(folder)
    print(f"tiny model in {folder}: {len(tokenizer)} tokens")


if __name__ == "__main__":
    main(sys.argv[1])
