#!/usr/bin/env python3
"""Checks that apus and transformers agree on the model folders that either of them writes.

    python3 scripts/check-transformers.py .build/release/apus [--corpus FILE] [--tokenizer FILE]

For each family, `apus train` makes a small model, which transformers must open without conversion
(`AutoModelForCausalLM`, `AutoTokenizer`); and a random model saved by transformers must open in
apus. Of both, the ids of some texts must be the same, and the log-probability of every token must
differ by less than 1e-4 from `apus perplexity --per-token`. Further cases: shards, bfloat16, an
untied head, biases, heads wider than the model's share, a padded vocabulary.

Prints one line per case and exits with 1 if one fails. Needs torch, transformers and safetensors.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast
from transformers import GPT2Config, LlamaConfig, NanoChatConfig, Qwen3Config

TOLERANCE = 1e-4
CONTEXT = 96
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")

TEXTS = [
    "Once upon a time there was a fox who wanted to learn how to swim.",
    "\"It's late,\" she said; \"we'll go at 7:45.\"\n\n  They didn't wait,  though.\n",
    "Café, naïve, Ærøskøbing, Москва, 東京, नमस्ते, 👩‍🚀🎉 and 12345678 + 3.14.",
    " leading and trailing spaces \t",
    "def swim(fox):\n    return [x ** 2 for x in fox if x != None]\n",
    "a",
]

# name: (family, options of `apus train`).
TRAINED = {
    "gpt2": ("gpt2", []),
    "llama": ("llama", ["--kv-heads", "2"]),
    "llama from counts": ("llama", ["--start", "counts"]),
    "qwen3": ("qwen3", ["--kv-heads", "2"]),
    "nanochat": ("nanochat", ["--activation", "relu2"]),
    "nanochat, GELU, no soft cap": ("nanochat", ["--activation", "gelu", "--soft-cap", "0"]),
}


class Failure(Exception):
    pass


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise Failure(f"`{' '.join(command)}` gives {result.returncode}: {result.stderr.strip()}")
    return result.stdout


def shortened(text, tokenizer):
    """The longest beginning of a text that fits the context."""
    while len(tokenizer(text, add_special_tokens=False).input_ids) > CONTEXT - 1:
        text = text[: len(text) * 3 // 4]
    return text


def apus_documents(apus, folder, texts, work):
    """Ids and log-probabilities of each text, as apus gives them."""
    path = os.path.join(work, "texts.jsonl")
    with open(path, "w", encoding="utf-8") as file:
        for text in texts:
            file.write(json.dumps({"text": text}) + "\n")
    documents = []
    for line in run(apus, "perplexity", folder, path, "--per-token").splitlines():
        token = json.loads(line)
        if token["logprob"] is None:
            documents.append([])
        documents[-1].append((token["id"], token["logprob"]))
    return documents


def opened(folder):
    """The model and the tokenizer, as transformers opens them with no word about what they are."""
    model, report = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, output_loading_info=True)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if report.get(kind):
            raise Failure(f"transformers reports {kind}: {sorted(report[kind])[:3]}")
    return model.eval(), AutoTokenizer.from_pretrained(folder)


def compare(apus, folder, work):
    """The number of tokens and the largest difference between two log-probabilities."""
    model, tokenizer = opened(folder)
    texts = [shortened(text, tokenizer) for text in TEXTS]
    documents = apus_documents(apus, folder, texts, work)
    if len(documents) != len(texts):
        raise Failure(f"apus gives {len(documents)} documents for {len(texts)} texts")
    tokens, largest = 0, 0.0
    for text, document in zip(texts, documents):
        ids = [token for token, _ in document]
        expected = tokenizer(text, add_special_tokens=False).input_ids
        if ids not in (expected, expected + [tokenizer.eos_token_id]):
            raise Failure(f"ids of {text!r} are {ids[:12]} in apus, {expected[:12]} in transformers")
        if tokenizer.decode(expected) != text:
            raise Failure(f"transformers decodes {text!r} as {tokenizer.decode(expected)!r}")
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids])).logits[0].double()
        log_probabilities = torch.log_softmax(logits, dim=-1)
        for position in range(1, len(ids)):
            difference = document[position][1] - log_probabilities[position - 1, ids[position]].item()
            # A difference that is no number must not pass for a small one.
            largest = max(largest, abs(difference)) if difference == difference else float("inf")
        tokens += len(ids)
    return tokens, largest


def trained(apus, family, options, corpus, tokenizer, folder):
    run(apus, "train", corpus, "-o", folder, "--tokenizer", tokenizer, "--family", family,
        "--layers", "2", "--width", "64", "--heads", "4", "--context", str(CONTEXT),
        "--steps", "40", "--batch-tokens", str(8 * CONTEXT), "--evaluate-every", "never", *options)


def saved_cases(vocabulary):
    """Configurations, and how transformers saves them."""
    shared = dict(
        hidden_size=48, max_position_embeddings=CONTEXT, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, intermediate_size=80)
    gpt2 = dict(n_embd=48, n_positions=CONTEXT, n_layer=2, n_head=4)
    rope = {"rope_type": "default", "rope_theta": 5e5}
    nanochat = {**shared, "pad_token_id": None}
    return [
        ("gpt2", GPT2Config(vocab_size=vocabulary, **gpt2), {}),
        ("llama", LlamaConfig(vocab_size=vocabulary, rope_parameters=rope, **shared), {}),
        ("qwen3", Qwen3Config(
            vocab_size=vocabulary, head_dim=16, tie_word_embeddings=True, **shared), {}),
        ("nanochat", NanoChatConfig(vocab_size=vocabulary, **nanochat), {}),
        ("nanochat, GELU", NanoChatConfig(
            vocab_size=vocabulary, hidden_act="gelu_pytorch_tanh", **nanochat), {}),
        ("gpt2, untied, inner 100", GPT2Config(
            vocab_size=vocabulary, n_inner=100, tie_word_embeddings=False, **gpt2), {}),
        ("llama, biases, bfloat16", LlamaConfig(
            vocab_size=vocabulary, attention_bias=True, **shared), {"dtype": torch.bfloat16}),
        ("qwen3, shards, padded", Qwen3Config(
            vocab_size=vocabulary + 13, head_dim=16, **shared), {"max_shard_size": "100KB"}),
    ]


def saved(configuration, tokenizer, folder, seed, dtype=torch.float32, **options):
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(configuration)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            # Weights of norms stay near 1; the rest is large enough to make uneven distributions.
            if parameter.dim() == 1:
                parameter.add_(0.2 * torch.randn_like(parameter))
            else:
                parameter.normal_(0, 0.15)
    model.to(dtype).save_pretrained(folder, **options)
    PreTrainedTokenizerFast(tokenizer_file=tokenizer).save_pretrained(folder)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("apus", help="the apus binary")
    parser.add_argument("--corpus", default=os.path.join(ROOT, "corpora", "tales.jsonl.zst"))
    parser.add_argument("--tokenizer", default=os.path.join(ROOT, "tokenizers", "tales-4k.json"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    failures = 0
    with tempfile.TemporaryDirectory() as work:
        tokenizer = arguments.tokenizer
        if not os.path.exists(tokenizer):
            tokenizer = os.path.join(work, "tokenizer.json")
            run(arguments.apus, "tokenizer", "train", arguments.corpus, "--vocab-size", "1000",
                "-o", tokenizer)
        vocabulary = len(PreTrainedTokenizerFast(tokenizer_file=tokenizer))
        cases = []
        for name, (family, options) in TRAINED.items():
            cases.append(("apus", name, lambda folder, family=family, options=options: trained(
                arguments.apus, family, options, arguments.corpus, tokenizer, folder)))
        for seed, (name, configuration, options) in enumerate(saved_cases(vocabulary)):
            cases.append(("transformers", name,
                          lambda folder, configuration=configuration, seed=seed, options=options:
                          saved(configuration, tokenizer, folder, seed, **options)))
        print(f"{'saved by':<13} {'model':<28} {'tokens':>6} {'max |difference|':>17}")
        for index, (writer, name, write) in enumerate(cases):
            folder = os.path.join(work, f"model-{index}")
            try:
                write(folder)
                tokens, difference = compare(arguments.apus, folder, work)
                passes = difference < TOLERANCE
                print(f"{writer:<13} {name:<28} {tokens:>6} {difference:>17.1e}  "
                      f"{'passes' if passes else 'FAILS'}", flush=True)
            except Failure as failure:
                passes = False
                print(f"{writer:<13} {name:<28} FAILS: {failure}", flush=True)
            failures += not passes
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(str(failure))
