"""Writes the reference checkpoints of LLMWeightsTests with PyPI safetensors, beside this file.

    python make_fixture.py        (needs torch, safetensors, numpy)

expected.json holds, for each tensor that can be viewed, the bit patterns of its elements as float32, from torch; and
for every tensor its shape and dtype.
"""

import json
import pathlib

import numpy
import safetensors.torch
import torch

here = pathlib.Path(__file__).resolve().parent
inf = float("inf")
nan = float("nan")


def special(dtype):
    limits = torch.finfo(dtype)
    values = [0.0, -0.0, 1.0, -1.0, 1 / 3, inf, -inf, nan, limits.max, limits.min, limits.tiny, -limits.tiny]
    tensor = torch.tensor(values, dtype=dtype)
    bits = torch.int32 if dtype == torch.float32 else torch.int16
    subnormals = torch.tensor([1, 2, 3, 127], dtype=bits).view(dtype)
    return torch.cat([tensor, subnormals]).reshape(4, 4)


single = {
    "float32": special(torch.float32),
    "float16": special(torch.float16),
    "bfloat16": special(torch.bfloat16),
    "scalar": torch.tensor(0.1, dtype=torch.float32),
    "empty": torch.zeros(0, 3, dtype=torch.float16),
    "ids": torch.tensor([[1, -2, 3]], dtype=torch.int64),
    "double": torch.tensor([0.1, 0.2], dtype=torch.float64),
    "fp8": torch.tensor([1.0, 2.0, -3.0], dtype=torch.float8_e4m3fn),
    "mask": torch.tensor([True, False]),
    "bytes": torch.tensor([7], dtype=torch.uint8),
}
safetensors.torch.save_file(single, here / "single.safetensors", metadata={"format": "pt", "note": "é \"quoted\"\n"})

names = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64", torch.float64: "F64",
         torch.float8_e4m3fn: "F8_E4M3", torch.bool: "BOOL", torch.uint8: "U8"}


def expected(tensor):
    entry = {"dtype": names[tensor.dtype], "shape": list(tensor.shape)}
    if tensor.dtype in (torch.float32, torch.float16, torch.bfloat16):
        entry["bits"] = tensor.to(torch.float32).numpy().reshape(-1).view(numpy.uint32).tolist()
    return entry


generator = torch.Generator().manual_seed(20)
sharded = {
    "model-00001-of-00002.safetensors": {
        "embed.weight": torch.randn(5, 3, generator=generator).to(torch.bfloat16),
        "norm.weight": torch.randn(3, generator=generator),
    },
    "model-00002-of-00002.safetensors": {
        "head.weight": torch.randn(5, 3, generator=generator).to(torch.float16),
    },
}
folder = here / "sharded"
folder.mkdir(exist_ok=True)
for shard, tensors in sharded.items():
    safetensors.torch.save_file(tensors, folder / shard, metadata={"format": "pt"})
index = {
    "metadata": {"total_size": sum(t.numel() * t.element_size() for s in sharded.values() for t in s.values())},
    "weight_map": {name: shard for shard, tensors in sharded.items() for name in tensors},
}
(folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")

everything = {
    "single": {name: expected(tensor) for name, tensor in single.items()},
    "sharded": {name: expected(tensor) for tensors in sharded.values() for name, tensor in tensors.items()},
}
(here / "expected.json").write_text(json.dumps(everything) + "\n")
