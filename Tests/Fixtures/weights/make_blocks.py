"""Makes blocks.gguf, a tensor of each stored type that is read, and blocks.safetensors: what the gguf package makes of them.

Blocks are random bytes with scales of either sign, so that they hold every integer. The package, like ggml, decodes them to
float32.

pip install gguf numpy safetensors; python make_blocks.py
"""

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type
from safetensors.numpy import save_file

ROWS, INPUTS = 8, 96
TYPES = [Type.F32, Type.F16, Type.BF16, Type.Q8_0, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1]
SCALES = {Type.Q8_0: 1, Type.Q4_0: 1, Type.Q4_1: 2, Type.Q5_0: 1, Type.Q5_1: 2}  # float16 numbers at the start of a block

random = np.random.default_rng(11)


def blocks(kind):
    if kind not in SCALES:
        return gguf.quants.quantize(random.standard_normal((ROWS, INPUTS)).astype(np.float32), kind)
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    raw = random.integers(0, 256, (ROWS, INPUTS // elements, size), dtype=np.uint8)
    scales = (random.standard_normal((*raw.shape[:2], SCALES[kind])) * 0.01).astype(np.float16)
    raw[:, :, : 2 * SCALES[kind]] = scales.view(np.uint8)
    return raw.reshape(ROWS, -1)


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
