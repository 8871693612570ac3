#!/usr/bin/env python3
"""Compares apus's tokenizers with tiktoken and Hugging Face tokenizers on random texts.

    scripts/oracle-tokenizers.py [--apus .build/release/apus] [--shared ../shared] [--texts 100000]
                                 [--corpora 1000] [--seed 1] [--only tiktoken|files|features|training]

Needs Python with tiktoken and tokenizers. Prints the first difference of each kind and exits 1 then.
"""
import argparse
import base64
import json
import os
import random
import subprocess
import sys
import tempfile

CONTRACTIONS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'RE", "'Ll", "'\u017f", "'x", "''s"]
ATOMS = (
    list("abcdefgABCDEFG") + ["the", "The", "THE", "hello", "World", "iPhone", "McDonald"]
    + ["é", "É", "ß", "ñ", "ﬁ", "ǅ", "ʰ", "ª", "\u0301", "\u0308", "\u20dd", "\u0903", "\u1dc0"]
    + list("0123456789") + ["12", "1234567", "²", "½", "Ⅷ", "٣", "௧", "㊿", "\U0001d7ce"]
    + ["中", "文字", "日本語", "の", "カ", "한국어", "ไทย", "हिन्दी", "עברית", "العربية", "ё", "Ω"]
    + ["\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "❤\ufe0f", "\U0001f1e9\U0001f1ea"]
    + [" ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", "\r", " \n", "\n ", "\u00a0", "\u3000", "\u2028"]
    + ["\u0085", "\x0b", "\x0c", "\x1c", "\u200b", "\ufeff", "\u180e", "\x00", "\x7f"]
    + list("!?.,;:-_()[]{}<>/\\|@#$%^&*+=~`'\"") + ["//", "/\n", "...", "—", "…", "“", "”", "，", "。"]
    + ["\U000323b0", "\U00016ea0", "\u1c89", "\u1c8a", "\ua7cb", "\U00010d50", "\U000105c0", "\u088f"]
    + ["<|endoftext|>", "<|im_start|>", "<s>", "</s>", "▁", "Ġ"] + CONTRACTIONS
)


def random_text(rng):
    kind = rng.random()
    count = 1 + int(rng.expovariate(rng.choice([0.1, 0.08, 0.02])))
    if kind < 0.6:
        return "".join(rng.choice(ATOMS) for _ in range(count))
    if kind < 0.75:
        subset = [rng.choice(ATOMS) for _ in range(4)]
        return "".join(rng.choice(subset) for _ in range(count))
    if kind < 0.85:
        return rng.choice(ATOMS) * rng.randint(1, 300)
    if kind < 0.95:
        return "".join(chr(valid(rng.choice([0x80, 0x800, 0x3000, 0x11000, 0x110000]), rng))
                       for _ in range(count))
    return " ".join(rng.choice(["a", "b", "the", "quick", "it's", "I'll", "2024", "x = y;", "\n"])
                    for _ in range(count))


def valid(limit, rng):
    while True:
        value = rng.randrange(limit)
        if not 0xD800 <= value < 0xE000:
            return value


class Apus:
    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder

    def run(self, *arguments):
        result = subprocess.run([self.binary, *arguments], capture_output=True, text=True)
        if result.returncode != 0:
            sys.exit(f"{' '.join(arguments)}: {result.stderr}{result.stdout[-600:]}")
        return result.stdout

    def encode(self, tokenizer, texts, special=False):
        path = os.path.join(self.folder, "texts.jsonl")
        with open(path, "w") as file:
            for text in texts:
                file.write(json.dumps({"text": text}) + "\n")
        options = ["--allow-special"] if special else []
        lines = self.run("tokenize", path, "--tokenizer", tokenizer, "--format", "ids", *options)
        return [[int(id) for id in line.split()] for line in lines.split("\n")[:-1]]


failures = []


def compare(name, texts, expected, got):
    if len(expected) != len(got):
        sys.exit(f"{name}: {len(expected)} texts, {len(got)} lines")
    for text, first, second in zip(texts, expected, got):
        if first != second:
            print(f"{name} differs on {text!r}:\n  expected {first}\n  apus     {second}", flush=True)
            failures.append(name)
            return
    print(f"{name}: {len(texts)} texts equal", flush=True)


def unpacked(shared, name, folder):
    path = os.path.join(shared, "tokenizers", name)
    if not name.endswith(".zst"):
        return path
    target = os.path.join(folder, name[:-4])
    with open(target, "wb") as file:
        subprocess.run(["zstd", "-dcq", path], stdout=file, check=True)
    return target


def check_tiktoken(apus, options, texts):
    import tiktoken

    gpt2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
    cl100k = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
              r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s")
    ending = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    word = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
    suffix = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    upper, lower = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
    o200k = (rf"[^\r\n\p{{L}}\p{{N}}]?{upper}*{lower}+{suffix}[^\r\n\p{{L}}\p{{N}}]?{upper}+{lower}*{suffix}"
             r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
    encodings = [
        ("r50k_base.tiktoken", gpt2), ("p50k_base.tiktoken.zst", gpt2),
        ("cl100k_base.tiktoken", cl100k), ("o200k_base.tiktoken.zst", o200k),
        ("qwen2.tiktoken.zst", word + r"\p{N}" + ending),
    ]
    for name, pattern in encodings:
        path = unpacked(options.shared, name, apus.folder)
        with open(path, "rb") as file:
            ranks = {base64.b64decode(t): int(r) for t, r in (line.split() for line in file)}
        peer = tiktoken.Encoding("x", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
        expected = [peer.encode_ordinary(text) for text in texts]
        compare(f"tiktoken {name}", texts, expected, apus.encode(path, texts))


def check_files(apus, options, texts):
    import tokenizers

    names = ["gpt2.tokenizer.json", "gpt_neox_20b.tokenizer.json.zst"]
    names += ["hf_trained/" + n for n in sorted(os.listdir(f"{options.shared}/tokenizers/hf_trained"))]
    for name in names:
        path = unpacked(options.shared, name, apus.folder)
        check_file(apus, name, tokenizers.Tokenizer.from_file(path), path, texts)


def check_file(apus, name, peer, path, texts):
    for special in (True, False):
        peer.encode_special_tokens = not special
        expected = [e.ids for e in peer.encode_batch(texts, add_special_tokens=False)]
        compare(f"tokenizers {name} special={special}", texts, expected,
                apus.encode(path, texts, special))


def check_features(apus, options, texts):
    """Every normalizer, pre-tokenizer and kind of added token, on small models trained here."""
    from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers,
                            pre_tokenizers, trainers)

    corpus = "".join(texts[:2000]) + "The quick brown fox jumps over the lazy dog. " * 20
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)

    def bytes_model(*steps, normalizer=None, last=byte_level, **model):
        tokenizer = Tokenizer(models.BPE(**model))
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*steps, last])
        if normalizer:
            tokenizer.normalizer = normalizer
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(vocab_size=1200, initial_alphabet=alphabet, show_progress=False)
        tokenizer.train_from_iterator([corpus], trainer)
        return tokenizer

    def characters_model(pre=None, normalizer=None, fallback=False, **model):
        tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=fallback, **model))
        if pre:
            tokenizer.pre_tokenizer = pre
        if normalizer:
            tokenizer.normalizer = normalizer
        special = ["<unk>", "<s>", "</s>"]
        if fallback:
            special += [f"<0x{byte:02X}>" for byte in range(256)]
        trainer = trainers.BpeTrainer(vocab_size=1500, special_tokens=special[:3], limit_alphabet=300,
                                      show_progress=False, max_token_length=16)
        # A model without pre-tokenizer merges across spaces: train it on short lines.
        tokenizer.train_from_iterator([corpus[i:i + 40] for i in range(0, 60000, 40)], trainer)
        if fallback:
            content = json.loads(tokenizer.to_str())
            for byte in special[3:]:
                content["model"]["vocab"].setdefault(byte, len(content["model"]["vocab"]))
            tokenizer = Tokenizer.from_str(json.dumps(content))
        return tokenizer

    split, n = pre_tokenizers.Split, normalizers
    gpt2 = pre_tokenizers.ByteLevel(add_prefix_space=False)
    cases = {
        form: bytes_model(normalizer=getattr(n, form)()) for form in ("NFC", "NFD", "NFKC", "NFKD")
    }
    cases |= {
        "Lowercase": bytes_model(normalizer=n.Lowercase()),
        "StripAccents": bytes_model(normalizer=n.Sequence([n.NFD(), n.StripAccents()])),
        "Strip": bytes_model(normalizer=n.Strip()),
        "Strip left": bytes_model(normalizer=n.Strip(left=True, right=False)),
        "Replace": bytes_model(normalizer=n.Sequence([n.Replace("a", "bb"), n.Replace("  ", " ")])),
        "Replace regex": bytes_model(normalizer=n.Replace(Regex(r"\s+"), " ")),
        "Prepend": bytes_model(normalizer=n.Prepend("x")),
        "Digits": bytes_model(pre_tokenizers.Digits(individual_digits=False)),
        "Digits each": bytes_model(pre_tokenizers.Digits(individual_digits=True)),
        "Punctuation": bytes_model(pre_tokenizers.Punctuation()),
        "Punctuation removed": bytes_model(pre_tokenizers.Punctuation(behavior="removed")),
        "Whitespace": bytes_model(pre_tokenizers.Whitespace()),
        "WhitespaceSplit": bytes_model(pre_tokenizers.WhitespaceSplit()),
        "CharDelimiterSplit": bytes_model(pre_tokenizers.CharDelimiterSplit("e")),
        "prefix space": bytes_model(last=pre_tokenizers.ByteLevel(add_prefix_space=True)),
        "own regex": bytes_model(split(Regex(r"\d{1,2}|[\w&&[^\d]]+|\s+"), "isolated")),
        "digits then gpt2": bytes_model(pre_tokenizers.Digits(True), last=gpt2),
        "unk_token": characters_model(pre_tokenizers.Whitespace()),
        "fuse_unk": characters_model(pre_tokenizers.Whitespace(), fuse_unk=True),
        "ignore_merges": characters_model(pre_tokenizers.Whitespace(), ignore_merges=True),
        "byte_fallback": characters_model(pre_tokenizers.WhitespaceSplit(), fallback=True),
        "llama": characters_model(
            None, n.Sequence([n.Prepend("▁"), n.Replace(" ", "▁")]), True, fuse_unk=True),
    }
    for behavior in ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"):
        for invert in (False, True):
            cases[f"Split {behavior} {invert}"] = bytes_model(
                split(Regex(r"\s|[aeiou]"), behavior, invert))
        cases[f"Split string {behavior}"] = bytes_model(split("the", behavior))
    for scheme in ("always", "first", "never"):
        for splits in (True, False):
            cases[f"Metaspace {scheme} {splits}"] = characters_model(
                pre_tokenizers.Metaspace(prepend_scheme=scheme, split=splits))
    added = bytes_model(last=gpt2, normalizer=n.Lowercase())
    added.add_special_tokens([
        AddedToken("<|endoftext|>"), AddedToken("<s>", lstrip=True), AddedToken("</s>", rstrip=True)])
    added.add_tokens([
        AddedToken("the", single_word=True), AddedToken("HELLO"), AddedToken("12", normalized=False),
        AddedToken("ab", lstrip=True, rstrip=True), AddedToken("  "), AddedToken("   ")])
    cases["added tokens"] = added
    for name, peer in cases.items():
        if name in ("Whitespace", "unk_token"):
            peer.add_special_tokens([AddedToken("<s>", lstrip=True), AddedToken("</s>", rstrip=True)])
        path = os.path.join(apus.folder, "feature.json")
        peer.save(path)
        check_file(apus, name, Tokenizer.from_file(path), path, texts)


def check_training(apus, options, rng):
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    path, out = os.path.join(apus.folder, "corpus.jsonl"), os.path.join(apus.folder, "trained.json")
    for number in range(options.corpora):
        letters = rng.choice(["ab", "abc ", "aA b\n1", "é中 a", "a"])
        texts = ["".join(rng.choice(letters) for _ in range(rng.randint(1, 200)))
                 for _ in range(rng.randint(1, 5))]
        size, minimum = rng.randint(257, 330), rng.choice([0, 0, 1, 2, 5])
        limit = rng.choice([None, None, 3, 4, 6])
        with open(path, "w") as file:
            for text in texts:
                file.write(json.dumps({"text": text}) + "\n")
        apus.run("tokenizer", "train", path, "--vocab-size", str(size), "-o", out, "--pattern", "gpt2",
                 "--min-frequency", str(minimum), "--force",
                 *(["--max-token-length", str(limit)] if limit else []))
        peer = Tokenizer(models.BPE())
        peer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        peer.train_from_iterator(texts, trainers.BpeTrainer(
            vocab_size=size, min_frequency=minimum, max_token_length=limit, show_progress=False,
            special_tokens=["<|endoftext|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
        expected = json.loads(peer.to_str())["model"]["merges"]
        with open(out) as file:
            got = json.load(file)["model"]["merges"]
        if expected != got:
            sys.exit(f"training {number}: {texts!r} {size} {minimum} {limit}\n{expected}\n{got}")
    print(f"training: {options.corpora} corpora give equal merges")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--apus", default=".build/release/apus")
    parser.add_argument("--shared", default="../shared")
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--corpora", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=["tiktoken", "files", "features", "training"])
    options = parser.parse_args()
    rng = random.Random(options.seed)
    texts = [random_text(rng) for _ in range(options.texts)]
    with tempfile.TemporaryDirectory() as folder:
        apus = Apus(options.apus, folder)
        if options.only in (None, "tiktoken"):
            check_tiktoken(apus, options, texts)
        if options.only in (None, "files"):
            check_files(apus, options, texts[:max(1, len(texts) // 5)])
        if options.only in (None, "features"):
            check_features(apus, options, texts[:max(1, len(texts) // 20)])
        if options.only in (None, "training"):
            check_training(apus, options, rng)
    sys.exit(f"different: {failures}" if failures else 0)


main()
