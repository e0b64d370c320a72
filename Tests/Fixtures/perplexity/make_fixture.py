"""Record the loss of the bundled model over a text, as transformers computes it in overlapping windows.

    python make_fixture.py          (with torch, transformers and sentencepiece)

Writes reference.json: for each (window, stride) the mean negative log probability of the tokens of the first 6,000
characters of Benchmarks/data/validation.txt, in float32 from the bfloat16 weights. A token counts in the first window
that has it; the first token of the text does not count.
"""

import json
from pathlib import Path

import sentencepiece
import torch
from transformers import AutoModelForCausalLM

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
CHARACTERS = 6000


@torch.no_grad()
def loss(model, ids, window, stride):
    total, count, done = 0.0, 0, 1
    for start in range(0, len(ids), stride):
        end = min(start + window, len(ids))
        if done >= len(ids):
            break
        logprobs = model(torch.tensor([ids[start:end]])).logits[0].double().log_softmax(-1)
        for position in range(done, end):
            total -= logprobs[position - start - 1, ids[position]].item()
            count += 1
        done = end
    return total / count, count


def main():
    folder = ROOT / "models" / "fairytale-6m"
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).float().eval()
    text = (ROOT / "Benchmarks" / "data" / "validation.txt").read_text(encoding="utf-8")[:CHARACTERS]
    ids = [tokenizer.bos_id()] + tokenizer.encode(text)
    cases = []
    for window, stride in [(512, 256), (64, 24), (33, 32)]:
        mean, count = loss(model, ids, window, stride)
        cases.append({"window": window, "stride": stride, "loss": round(mean, 8), "tokens": count})
    (HERE / "reference.json").write_text(json.dumps({"characters": CHARACTERS, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
