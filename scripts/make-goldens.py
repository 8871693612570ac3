#!/usr/bin/env python3
"""Makes the golden files of Tests/ModelsTests/Goldens with PyTorch and transformers.

    python3 scripts/make-goldens.py [FOLDER]

For each family: a tiny random model as `transformers` saves it, and `expected.safetensors` with
`inputs` and `targets` (2 x 16 ids, as float32), `logits` and `loss`; for gpt2 and qwen3 also
`gradient.NAME` for every tensor NAME of the model. For gpt2 also `adamw.safetensors`: ten batches
(10 x 2 x 16), the loss and the gradient norm before each step, and every tensor after the tenth.

Deterministic on one machine; needs torch, transformers >= 5 and safetensors.
"""

import math
import os
import shutil
import sys

import torch
from safetensors.torch import save_file
from transformers import GPT2Config, LlamaConfig, NanoChatConfig, Qwen3Config
from transformers import AutoModelForCausalLM

VOCABULARY, WIDTH, CONTEXT, LAYERS, HEADS = 97, 32, 24, 2, 4
SEQUENCES, LENGTH, STEPS = 2, 16, 10

SHARED = dict(
    vocab_size=VOCABULARY, hidden_size=WIDTH, max_position_embeddings=CONTEXT,
    num_hidden_layers=LAYERS, num_attention_heads=HEADS, bos_token_id=0, eos_token_id=0)

CONFIGURATIONS = {
    "gpt2": GPT2Config(
        vocab_size=VOCABULARY, n_embd=WIDTH, n_positions=CONTEXT, n_layer=LAYERS, n_head=HEADS,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=0, eos_token_id=0),
    "llama": LlamaConfig(
        **SHARED, num_key_value_heads=2, intermediate_size=88, rms_norm_eps=1e-5,
        tie_word_embeddings=False, attention_bias=True,
        rope_parameters={"rope_type": "default", "rope_theta": 500.0}),
    "qwen3": Qwen3Config(
        **SHARED, num_key_value_heads=2, head_dim=12, intermediate_size=88,
        tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 1000000.0}),
    "nanochat": NanoChatConfig(
        **SHARED, num_key_value_heads=2, intermediate_size=4 * WIDTH, pad_token_id=None),
}


def randomize(model, generator):
    """Weights large enough that no part of the model is nearly linear or nearly unused."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() == 1:
                is_norm_weight = "norm" in name or ".ln_" in name
                centre = 1.0 if is_norm_weight and name.endswith("weight") else 0.0
                parameter.copy_(centre + 0.2 * noise)
            elif parameter.shape[0] == VOCABULARY or "wpe" in name:
                parameter.copy_(0.4 * noise)
            else:
                parameter.copy_(1.2 / math.sqrt(WIDTH) * noise)


def mean_loss(model, inputs, targets):
    logits = model(input_ids=inputs, use_cache=False).logits
    loss = torch.nn.functional.cross_entropy(logits.reshape(-1, VOCABULARY), targets.reshape(-1))
    return logits, loss


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    root = os.path.join(here, "..", "Tests", "ModelsTests", "Goldens")
    root = sys.argv[1] if len(sys.argv) > 1 else root
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for index, (family, configuration) in enumerate(CONFIGURATIONS.items()):
        generator = torch.Generator().manual_seed(1000 + index)
        configuration._attn_implementation = "eager"
        model = AutoModelForCausalLM.from_config(configuration).eval()
        randomize(model, generator)
        folder = os.path.join(root, family)
        shutil.rmtree(folder, ignore_errors=True)
        model.save_pretrained(folder)
        os.remove(os.path.join(folder, "generation_config.json"))

        def batch(*leading):
            ids = torch.randint(
                0, VOCABULARY, (*leading, SEQUENCES, LENGTH + 1), generator=generator)
            return ids[..., :-1].contiguous(), ids[..., 1:].contiguous()

        inputs, targets = batch()
        logits, loss = mean_loss(model, inputs, targets)
        expected = {
            "inputs": inputs.float(), "targets": targets.float(),
            "logits": logits.detach().contiguous(), "loss": loss.detach().reshape(1)}
        if family in ("gpt2", "qwen3"):
            loss.backward()
            for name, parameter in model.named_parameters():
                expected["gradient." + name] = parameter.grad.contiguous()
        save_file(expected, os.path.join(folder, "expected.safetensors"))
        print(f"{family}: {sum(p.numel() for p in model.parameters())} parameters, "
              f"loss {loss.item():.4f}, logits' deviation {logits.std().item():.2f}")

        if family == "gpt2":
            inputs, targets = batch(STEPS)
            save_file(ten_steps(model, inputs, targets), os.path.join(folder, "adamw.safetensors"))


def ten_steps(model, inputs, targets):
    parameters = list(model.parameters())
    optimizer = torch.optim.AdamW(
        [{"params": [p for p in parameters if p.dim() >= 2], "weight_decay": 0.1},
         {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0}],
        lr=1e-3, betas=(0.9, 0.95), eps=1e-8)
    losses, norms = [], []
    for step in range(STEPS):
        optimizer.zero_grad()
        _, loss = mean_loss(model, inputs[step], targets[step])
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(parameters, 1.0).item())
        optimizer.step()
        losses.append(loss.item())
    print(f"gpt2: ten AdamW steps, loss {losses[0]:.4f} to {losses[-1]:.4f}, "
          f"gradient norms {min(norms):.2f} to {max(norms):.2f}")
    result = {name: p.detach().contiguous() for name, p in model.named_parameters()}
    result.update(
        inputs=inputs.float(), targets=targets.float(),
        losses=torch.tensor(losses), norms=torch.tensor(norms))
    return result


if __name__ == "__main__":
    main()
