"""Errors and speed of rounding weights to ggml's types (Sources/CLLMKernels/fit.c) beside ggml's own, one thread each.

    python3 -m venv venv && venv/bin/pip install numpy gguf && venv/bin/pip download --no-deps xllamacpp
    unzip xllamacpp-*.whl 'xllamacpp/*.so' -d ggml
    venv/bin/python Benchmarks/quantize.py --ggml ggml/xllamacpp/xllamacpp.abi3.so [--types Q4_K,Q6_K] [--variant avx2]

Run from the package's root; compiles the C files by clang. Each figure is the weighted squared error over ggml's on the
same weights: Gaussian, Student's t of four degrees, the bundled model's. `w`: with importances of a lognormal
distribution, which ggml is given as its importance matrix. `w*`: with these times sqrt(mean square + x^2), by which
ggml itself weighs errors in most types when it has such a matrix. Decoding is held against the package gguf's.
"""

import argparse
import ctypes
import json
import pathlib
import subprocess
import tempfile
import time

import gguf
import numpy as np

NAMES = "F32 F16 BF16 Q8_0 Q4_0 Q4_1 Q5_0 Q5_1 Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_NL IQ4_XS MXFP4".split()
SOURCES = "fit fit_search blocks blocks_k blocks_iq blocks_join cpu_features".split()
ROWS, COLUMNS = 512, 1024


class Variant(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("features", ctypes.c_uint32), ("function", ctypes.c_void_p)]


def compiled():
    """Our C files as a library."""
    kernels, library = pathlib.Path("Sources/CLLMKernels"), pathlib.Path(tempfile.mkdtemp()) / "fit.so"
    files = [str(kernels / f"{name}.c") for name in SOURCES]
    flags = ["-std=c17", "-O2", "-shared", "-fPIC", f"-I{kernels / 'include'}"]
    subprocess.run(["clang", *flags, *files, "-lm", "-o", str(library)], check=True)
    return ctypes.CDLL(str(library))


def pointer(array):
    return None if array is None else ctypes.c_void_p(array.ctypes.data)


class Ours:
    def __init__(self, variant):
        self.library, count = compiled(), ctypes.c_size_t()
        self.library.llm_fit_variants.restype = ctypes.POINTER(Variant)
        variants = self.library.llm_fit_variants(ctypes.byref(count))
        features = self.library.llm_cpu_features()
        available = [variants[i] for i in range(count.value) if variants[i].features & ~features == 0]
        chosen = next((v for v in available if v.name.decode() == variant), available[-1])
        self.variant, self.function = chosen.name.decode(), ctypes.c_void_p(chosen.function)

    def encode(self, name, x, importance, blocks):
        elements = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]][0]
        self.library.llm_encode_blocks(
            self.function, NAMES.index(name), pointer(x), pointer(importance), ctypes.c_size_t(x.size // elements),
            pointer(blocks))

    def decode(self, name, blocks, count):
        x = np.empty(count, np.float32)
        self.library.llm_decode(
            NAMES.index(name), pointer(blocks), ctypes.c_size_t(0), ctypes.c_size_t(count), pointer(x))
        return x


def timed(encode, name, x, importance):
    """The blocks, and seconds."""
    elements, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]]
    blocks = np.zeros(x.size // elements * size, np.uint8)
    start = time.process_time()
    encode(name, x, importance, blocks)
    return blocks, time.process_time() - start


def bundled_weights():
    file = pathlib.Path("models/fairytale-6m/model.safetensors").read_bytes()
    length = int.from_bytes(file[:8], "little")
    parts = []
    for name, tensor in json.loads(file[8 : 8 + length]).items():
        if name != "__metadata__" and len(tensor["shape"]) == 2 and tensor["dtype"] == "BF16":
            begin, end = (8 + length + offset for offset in tensor["data_offsets"])
            parts.append((np.frombuffer(file[begin:end], np.uint16).astype(np.uint32) << 16).view(np.float32))
    rows = np.concatenate(parts)
    rows = rows[: rows.size // COLUMNS * COLUMNS].reshape(-1, COLUMNS)
    return np.ascontiguousarray(rows[:: len(rows) // ROWS][:ROWS])


def error(x, decoded, importance):
    return float(((x.astype(np.float64) - decoded) ** 2 * (1 if importance is None else importance)).sum())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ggml", required=True)
    parser.add_argument("--types", default=",".join(NAMES[3:]))
    parser.add_argument("--variant", help="scalar, avx2 or avx512; the fastest unless given")
    options = parser.parse_args()
    ours, ggml = Ours(options.variant), ctypes.CDLL(options.ggml)

    def theirs(name, x, importance, blocks):
        ggml.ggml_quantize_chunk(
            int(gguf.GGMLQuantizationType[name]), pointer(x), pointer(blocks), ctypes.c_int64(0),
            ctypes.c_int64(x.size // COLUMNS), ctypes.c_int64(COLUMNS), pointer(importance))

    random = np.random.default_rng(1)
    data = {
        "Gaussian": (random.standard_normal((ROWS, COLUMNS)) * 0.02).astype(np.float32),
        "t": (random.standard_t(4, (ROWS, COLUMNS)) * 0.02).astype(np.float32),
        "bundled": bundled_weights(),
    }
    columns = [name + suffix for name in data for suffix in ["", " w", " w*"]]
    print(f"{ours.variant}; million weights a second of ours and of ggml's\n")
    print("| type | " + " | ".join(columns) + " | ours | ggml |")
    print("|---|" + "---|" * (len(columns) + 2))
    for name in options.types.split(","):
        kind, ratios, seconds = gguf.GGMLQuantizationType[name], [], [0, 0]
        for x in data.values():
            matrix = random.lognormal(0, 1, COLUMNS).astype(np.float32)
            wide = np.tile(matrix, (len(x), 1))
            own = wide * np.sqrt((x**2).mean(1, keepdims=True) + x**2)
            for given, minimized in [(None, None), (matrix, wide), (matrix, own)]:
                blocks, time_ours = timed(ours.encode, name, x, minimized)
                reference, time_theirs = timed(theirs, name, x, given)
                decoded = gguf.quants.dequantize(blocks, kind).reshape(x.shape)
                if not np.array_equal(decoded.reshape(-1), ours.decode(name, blocks, x.size)):
                    raise SystemExit(f"error: {name} is decoded otherwise by gguf")
                expected = gguf.quants.dequantize(reference, kind).reshape(x.shape)
                ratios.append(error(x, decoded, minimized) / error(x, expected, minimized))
                seconds = [seconds[0] + time_ours, seconds[1] + time_theirs]
        speeds = [3 * ROWS * COLUMNS * len(data) / s / 1e6 for s in seconds]
        cells = [name, *(f"{ratio:.3f}" for ratio in ratios), *(f"{speed:.0f}" for speed in speeds)]
        print("| " + " | ".join(cells) + " |", flush=True)


main()
