#!/usr/bin/env python3
"""Makes the golden file of the n-gram model with KenLM (github.com/kpu/kenlm, built with cmake).

    python3 scripts/oracle-ngrams.py --apus .build/release/apus --kenlm kenlm/build/bin \\
      > Tests/InferenceTests/Goldens/ngrams.json

Tokens of tales become KenLM's words. `lmplz -o 5` estimates an interpolated modified Kneser-Ney model,
`query` gives log10 p of every token of other tales and of the end of each. In the file the end of a
document is a token, as it is for KenLM, and so is its <unk>, which never occurs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--apus", required=True)
    parser.add_argument("--kenlm", required=True, help="the folder with lmplz and query")
    parser.add_argument("--documents", type=int, default=60)
    parser.add_argument("--tests", type=int, default=8)
    parser.add_argument("--order", type=int, default=5)
    arguments = parser.parse_args()
    lines = subprocess.run(
        [arguments.apus, "tokenize", os.path.join(ROOT, "corpora", "tales.jsonl.zst"),
         "--tokenizer", os.path.join(ROOT, "tokenizers", "tales-4k.json")],
        capture_output=True, text=True, check=True).stdout.splitlines()
    documents = [list(map(int, line.split())) for line in lines[:arguments.documents]]
    types = sorted({token for document in documents for token in document})
    number = {token: index for index, token in enumerate(types)}
    end = len(types)
    training = [[number[token] for token in document] for document in documents]
    tests = []
    for line in lines[arguments.documents:]:
        document = list(map(int, line.split()))
        known = [number[token] for token in document if token in number]
        tests.append(known[:60])
        if len(tests) == arguments.tests:
            break
    with tempfile.TemporaryDirectory() as work:
        text = "".join(" ".join(f"w{token}" for token in document) + "\n" for document in training)
        arpa = subprocess.run(
            [os.path.join(arguments.kenlm, "lmplz"), "-o", str(arguments.order), "-S", "20%",
             "-T", work], input=text, capture_output=True, text=True)
        if arpa.returncode:
            sys.exit(arpa.stderr)
        path = os.path.join(work, "model.arpa")
        with open(path, "w") as file:
            file.write(arpa.stdout)
        queries = "".join(" ".join(f"w{token}" for token in test) + "\n" for test in tests)
        found = subprocess.run(
            [os.path.join(arguments.kenlm, "query"), "-v", "word", path], input=queries,
            capture_output=True, text=True, check=True).stdout.splitlines()
        counts = [int(line.split("=")[1]) for line in arpa.stdout.splitlines()[:40]
                  if line.startswith("ngram ")]
    flat = [float(part.split()[-1]) for line in found for part in line.split("\t") if "=" in part]
    logarithms = []
    for test in tests:
        logarithms.append(flat[:len(test) + 1])
        flat = flat[len(test) + 1:]
    print(json.dumps({
        "order": arguments.order, "vocabulary": len(types) + 2, "end": end, "ngrams": counts,
        "training": training, "tests": tests, "log10": logarithms,
    }, separators=(",", ":")))


if __name__ == "__main__":
    main()
