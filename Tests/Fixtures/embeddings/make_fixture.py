"""Record hidden states of the bundled model, pooled, as transformers computes them.

    python make_fixture.py          (with torch 2.13.0, transformers 5.24.0 and sentencepiece)

Writes reference.json: for each text its token ids, and the hidden states after the last norm, computed in float32 from
the bfloat16 weights: their mean over all tokens (a float64 sum) and the last token's, each as it is (`mean`, `last`)
and the mean scaled to length 1 (`normalized`), rounded to 6 decimals. The last text is the first 3,000 characters of
Benchmarks/data/validation.txt, longer than a step of the engine.
"""

import json
from pathlib import Path

import sentencepiece
import torch
from transformers import AutoModel

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TEXTS = ["Once upon a time", "The king had three daughters, and the youngest was the most beautiful."]


@torch.no_grad()
def entry(model, ids):
    states = model(torch.tensor([ids])).last_hidden_state[0].double()
    mean, last = states.mean(0), states[-1]
    return {
        "prompt_ids": ids,
        **{
            name: [round(value, 6) for value in vector.tolist()]
            for name, vector in [("mean", mean), ("last", last), ("normalized", mean / mean.norm())]
        },
    }


def main():
    folder = ROOT / "models" / "fairytale-6m"
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    model = AutoModel.from_pretrained(folder, dtype=torch.bfloat16).float().eval()
    long = (ROOT / "Benchmarks" / "data" / "validation.txt").read_text(encoding="utf-8")[:3000]
    prompts = [[tokenizer.bos_id()]] + [[tokenizer.bos_id()] + tokenizer.encode(text) for text in TEXTS + [long]]
    entries = [entry(model, ids) for ids in prompts]
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in entries)
    (HERE / "reference.json").write_text('{"entries":[\n' + lines + "\n]}\n")


if __name__ == "__main__":
    main()
