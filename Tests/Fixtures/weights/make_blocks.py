"""Makes blocks.gguf, a tensor of each stored type that is read, and blocks.safetensors: what the gguf package makes of them.

Blocks are random bytes, so that they hold every integer and scales of either sign. The package, like ggml, decodes them to
float32.

pip install gguf numpy safetensors; python make_blocks.py
"""

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type
from safetensors.numpy import save_file

ROWS, INPUTS = 4, 256
TYPES = [
    Type.F32, Type.F16, Type.BF16, Type.Q8_0, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q2_K, Type.Q3_K, Type.Q4_K,
    Type.Q5_K, Type.Q6_K, Type.IQ4_NL, Type.IQ4_XS, Type.MXFP4, Type.NVFP4, Type.TQ1_0, Type.TQ2_0, Type.IQ1_S, Type.IQ1_M,
    Type.IQ2_XXS, Type.IQ2_XS, Type.IQ2_S, Type.IQ3_XXS, Type.IQ3_S,
]

random = np.random.default_rng(11)


def blocks(kind):
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    if elements == 1:
        return gguf.quants.quantize(random.standard_normal((ROWS, INPUTS)).astype(np.float32), kind)
    rows = []
    # Wherever a type has its scales: a block is taken if its values are of a usual size.
    while len(rows) < ROWS * INPUTS // elements:
        block = random.integers(0, 256, (1, size), dtype=np.uint8)
        with np.errstate(all="ignore"):
            largest = np.abs(gguf.quants.dequantize(block, kind)).max()
        if 1e-3 < largest < 10:
            rows.append(block)
    return np.concatenate(rows).reshape(ROWS, -1)


writer = gguf.GGUFWriter("blocks.gguf", "none")
values = {}
for kind in TYPES:
    data = blocks(kind)
    writer.add_tensor(kind.name, data, raw_dtype=kind)
    values[kind.name] = gguf.quants.dequantize(data, kind).astype(np.float32)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
save_file(values, "blocks.safetensors")
