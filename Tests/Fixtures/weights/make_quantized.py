"""Makes quantized.safetensors: rows of weights, and what the gguf package makes of them as Q8_0 and Q4_0.

pip install gguf numpy safetensors; python make_quantized.py
"""

import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf.quants import dequantize, quantize
from safetensors.numpy import save_file

ROWS, INPUTS = 40, 96

random = np.random.default_rng(7)
weights = random.standard_normal((ROWS, INPUTS)).astype(np.float32)
weights[0] = 0
weights[1] = np.linspace(-127, 127, INPUTS).round() / 2  # halves, which are rounded away from zero
weights[2, ::32] = 127
weights[3] *= 1e-6
weights[4] *= 1e4
weights[5, 7] = -40  # Q4_0's scale has the sign of the largest
weights[6, 7] = 40
weights[7] = np.abs(weights[7])
weights[8, 32:64] = 0

tensors = {"weights": weights}
for name, type in [("q8_0", Type.Q8_0), ("q4_0", Type.Q4_0)]:
    tensors[name] = dequantize(quantize(weights, type), type).astype(np.float32)
save_file(tensors, "quantized.safetensors")
