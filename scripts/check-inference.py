#!/usr/bin/env python3
"""Checks perplexity, beam search and constrained samples of apus against independent programs.

    python3 scripts/check-inference.py .build/release/apus [--model MODEL]

For each family a small model is trained (or MODEL is taken). Then
- `apus perplexity --per-token` at every stride must agree with transformers' logits on the windows of
  Hugging Face's loop, within 1e-4 nats a token;
- `apus sample --beam` must find the texts and scores of transformers' `generate(num_beams=…)`;
- samples under JSON schemas must be accepted by `jsonschema`, samples under a grammar by `re`.

Prints one line per case and exits with 1 if one fails. Needs torch, transformers and jsonschema.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import jsonschema
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
TOLERANCE = 1e-4
CONTEXT = 32
TEXT = (
    "Once upon a time there was a fox who wanted to learn how to swim. Nobody in the valley could "
    "say where the river came from, and nobody asked. \"It's late,\" she said; \"we'll go at 7:45.\" "
    "They didn't wait. In the evening the miller's daughter brought bread, and café, and a lamp.")

SCHEMAS = [
    {"type": "object", "properties": {
        "name": {"type": "string", "minLength": 2, "maxLength": 12},
        "age": {"type": "integer", "minimum": 3, "maximum": 120},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 6}, "maxItems": 3},
        "size": {"enum": ["small", "large", None]}}, "required": ["name", "age", "size"]},
    {"type": "object", "properties": {"ab": {"type": "integer"}},
     "additionalProperties": {"type": "boolean"}, "required": ["ab"]},
    {"type": "array", "items": {"anyOf": [
        {"type": "string", "pattern": "^[a-z]{2,5}(-[0-9]+)?$"}, {"type": "null"},
        {"type": "integer", "exclusiveMinimum": -40, "maximum": 7}]}, "minItems": 2, "maxItems": 5},
    {"$ref": "#/$defs/tree", "$defs": {"tree": {
        "type": "object", "properties": {
            "value": {"type": "number"},
            "left": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/tree"}]}},
        "required": ["value"], "additionalProperties": False}}},
    {"type": "array", "prefixItems": [{"type": "string", "format": "date"}, {"type": "boolean"}],
     "items": False, "minItems": 2},
]

GRAMMARS = [
    ('root ::= [a-z]+ (" " [a-z]+){0,3} "."', r"[a-z]+( [a-z]+){0,3}\."),
    ('root ::= ("é" | [α-ω] | "☃" | "😀"){2,6}', r"(é|[α-ω]|☃|😀){2,6}"),
    ('root ::= "\\"" [^"\\x00-\\x1f]{1,20} "\\""', r'"[^"\x00-\x1f]{1,20}"'),
]


class Failure(Exception):
    pass


def run(*command, text=None):
    result = subprocess.run(command, capture_output=True, text=True, input=text)
    if result.returncode != 0:
        raise Failure(f"`{' '.join(command)}` gives {result.returncode}: {result.stderr.strip()}")
    return result.stdout


def expected_scores(model, ids, context, stride):
    """ln p of every token, from the windows of Hugging Face's loop."""
    scores = [None] * len(ids)
    previous = 0
    for begin in range(0, len(ids), stride):
        end = min(begin + context, len(ids))
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids[begin:end]])).logits[0].double()
        logarithms = torch.log_softmax(logits, dim=-1)
        for target in range(max(previous, begin + 1), end):
            scores[target] = logarithms[target - begin - 1, ids[target]].item()
        previous = end
        if end == len(ids):
            break
    return scores


def check_strides(apus, folder):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer(TEXT, add_special_tokens=False).input_ids
    context = min(CONTEXT, model.config.max_position_embeddings)
    largest, count = 0.0, 0
    for stride in range(1, context + 1):
        lines = run(apus, "perplexity", folder, "--per-token", "--quiet", "--context", str(context),
                    "--stride", str(stride), text=TEXT).splitlines()
        found = [json.loads(line) for line in lines]
        if [token["id"] for token in found] != ids:
            raise Failure("the ids differ")
        for token, expected in zip(found, expected_scores(model, ids, context, stride)):
            if (token["logprob"] is None) != (expected is None):
                raise Failure(f"stride {stride}: other tokens are scored")
            if expected is not None:
                largest = max(largest, abs(token["logprob"] - expected))
                count += 1
    if not largest < TOLERANCE:
        raise Failure(f"scores differ by {largest}")
    return f"{context} strides, {count} scores, within {largest:.1e}"


def check_beams(apus, folder):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    prompt = "Once upon a time there was"
    ids = torch.tensor([tokenizer(prompt, add_special_tokens=False).input_ids])
    largest = 0.0
    for beams, penalty in [(1, 1.0), (4, 0.0), (4, 1.0), (8, 2.0)]:
        with torch.no_grad():
            expected = model.generate(
                ids, attention_mask=torch.ones_like(ids), num_beams=beams, do_sample=False,
                num_return_sequences=1, max_new_tokens=12, length_penalty=penalty,
                eos_token_id=None, pad_token_id=0, return_dict_in_generate=True,
                output_scores=True)
        wanted = expected.sequences[0, ids.shape[1]:].tolist()
        end = tokenizer.eos_token_id
        if end in wanted:
            continue
        found = json.loads(run(
            apus, "sample", folder, prompt, "--whole-prompt", "--beam", str(beams), "--tokens", "12",
            "--length-penalty", str(penalty), "--json", "--quiet"))["beams"][0]
        if found["tokens"] != wanted:
            raise Failure(f"{beams} beams give {found['tokens']}, transformers {wanted}")
        if beams > 1:
            largest = max(largest, abs(found["score"] - expected.sequences_scores[0].item()))
    if not largest < TOLERANCE:
        raise Failure(f"scores differ by {largest}")
    return f"equal texts, scores within {largest:.1e}"


def samples(apus, folder, seed, *options):
    return json.loads(run(
        apus, "sample", folder, "Once", "--no-prompt", "-n", "8", "--temperature", "1", "--top-k",
        "0", "--top-p", "0.98", "--min-p", "0", "--tokens", "200", "--seed", str(seed), "--json",
        "--quiet", *options))["samples"]


def check_schemas(apus, folder):
    ended = 0
    for schema in SCHEMAS:
        for seed in range(3):
            for sample in samples(apus, folder, seed, "--json-schema", json.dumps(schema)):
                if sample["ending"] == "length":
                    continue
                value = json.loads(sample["text"])
                jsonschema.validate(
                    value, schema, format_checker=jsonschema.FormatChecker())
                ended += 1
    if ended < 30:
        raise Failure(f"only {ended} samples ended")
    return f"{ended} samples of {len(SCHEMAS)} schemas are valid"


def check_grammars(apus, folder):
    ended = 0
    for grammar, pattern in GRAMMARS:
        for seed in range(3):
            for sample in samples(apus, folder, seed, "--grammar", grammar):
                if sample["ending"] == "length":
                    continue
                if not re.fullmatch(pattern, sample["text"]):
                    raise Failure(f"{sample['text']!r} is no {grammar}")
                ended += 1
    if ended < 20:
        raise Failure(f"only {ended} samples ended")
    return f"{ended} samples of {len(GRAMMARS)} grammars match"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("apus", help="the apus binary")
    parser.add_argument("--model", help="a model folder, instead of small ones trained for this")
    parser.add_argument("--families", default="gpt2,llama,qwen3,nanochat")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    failures = 0
    with tempfile.TemporaryDirectory() as work:
        folders = {"model": arguments.model} if arguments.model else {}
        for family in [] if folders else arguments.families.split(","):
            folders[family] = os.path.join(work, family)
            run(arguments.apus, "train", os.path.join(ROOT, "corpora", "tales.jsonl.zst"), "-o",
                folders[family], "--tokenizer", os.path.join(ROOT, "tokenizers", "tales-4k.json"),
                "--family", family, "--layers", "2", "--width", "64", "--heads", "4", "--context",
                "64", "--steps", "120", "--batch-tokens", "1024", "--evaluate-every", "never")
        for name, folder in folders.items():
            checks = [("strides", check_strides), ("beams", check_beams)]
            if folder == list(folders.values())[-1]:
                checks += [("schemas", check_schemas), ("grammars", check_grammars)]
            for what, check in checks:
                try:
                    print(f"{name:<9} {what:<9} passes: {check(arguments.apus, folder)}", flush=True)
                except Exception as failure:
                    print(f"{name:<9} {what:<9} FAILS: {failure}", flush=True)
                    failures += 1
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
