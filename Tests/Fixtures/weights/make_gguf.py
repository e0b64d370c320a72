"""Makes small GGUF files with the PyPI package gguf, beside this file, and gguf.json: what its reader finds in them.

    python make_gguf.py        (needs gguf, numpy)
"""

import json
import pathlib

import gguf
import numpy
from gguf import GGMLQuantizationType as Tensor
from gguf import GGUFValueType as Type

here = pathlib.Path(__file__).resolve().parent
tokens = ["<unk>", "<s>", "</s>", "<0x0A>", "\u2581a", "\u00e9\u0301", "\U0001f600", "", "\u0120the"]


def write_values(path):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_string("text", "one \"two\"\n\u4e09 \U0001f40d")
    writer.add_uint8("uint8", 2**8 - 1)
    writer.add_int8("int8", -(2**7))
    writer.add_uint16("uint16", 2**16 - 1)
    writer.add_int16("int16", -(2**15))
    writer.add_uint32("uint32", 2**32 - 1)
    writer.add_int32("int32", -(2**31))
    writer.add_uint64("uint64", 2**64 - 1)
    writer.add_uint64("uint64.small", 2**63 - 1)
    writer.add_int64("int64", -(2**63))
    writer.add_float32("float32", 1e-5)
    writer.add_float64("float64", 1 / 3)
    writer.add_bool("yes", True)
    writer.add_bool("no", False)
    writer.add_array("tokenizer.ggml.tokens", tokens)
    writer.add_array("tokenizer.ggml.scores", [-0.5 * index for index in range(len(tokens))])
    writer.add_array("tokenizer.ggml.token_type", [2, 3, 3, 6, 1, 1, 1, 5, 1])
    writer.add_tokenizer_model("llama")
    writer.add_array("flags", [True, False, True])
    for kind in [Type.UINT8, Type.INT8, Type.UINT16, Type.INT16, Type.UINT32, Type.UINT64, Type.INT64, Type.FLOAT64]:
        writer.add_key_value(f"array.{kind.name.lower()}", [1, 2, 3], Type.ARRAY, sub_type=kind)
    writer.add_array("nested", [[1, 2], [3], [4, 5, 6]])
    writer.add_array("nested.text", [[["a", "b"], ["c"]], [["d"]]])

    random = numpy.random.default_rng(1)
    writer.add_tensor("token_embd.weight", random.standard_normal((3, 256), dtype=numpy.float32))
    writer.add_tensor("norm.weight", random.standard_normal(5).astype(numpy.float16))
    for kind, rows in [(Tensor.Q8_0, (2, 64)), (Tensor.Q4_0, (3, 2, 32)), (Tensor.BF16, (1, 2, 3, 7))]:
        data = gguf.quants.quantize(random.standard_normal(rows, dtype=numpy.float32), kind)
        writer.add_tensor(f"{kind.name}.weight", data, raw_dtype=kind)
    blocks = numpy.zeros((2, 144), dtype=numpy.uint8)
    writer.add_tensor("Q4_K.weight", blocks, raw_dtype=Tensor.Q4_K)
    writer.add_tensor("ids", numpy.array([7, 8, 9], dtype=numpy.int64))
    finish(writer)


def write_aligned(path):
    writer = gguf.GGUFWriter(path, "gpt2")
    writer.add_custom_alignment(128)
    writer.add_tensor("a", numpy.arange(3, dtype=numpy.float32))
    writer.add_tensor("b", numpy.arange(4, dtype=numpy.float32).reshape(2, 2))
    finish(writer)
    data = bytearray(path.read_bytes())
    data[4] = 2  # version 2 has the same layout
    path.write_bytes(data)


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def described(path):
    reader = gguf.GGUFReader(path)
    fields = [field for field in reader.fields.values() if not field.name.startswith("GGUF.")]
    names = [kind.name.lower() for kind in Type]
    return {
        "version": int(reader.fields["GGUF.version"].contents()),
        "keys": [[field.name, names[field.types[0]]] for field in fields],
        "tensors": [
            {
                "name": tensor.name,
                "dtype": tensor.tensor_type.name,
                "shape": [int(size) for size in reversed(tensor.shape)],
                "bytes": int(tensor.n_bytes),
            }
            for tensor in reader.tensors
        ],
    }


write_values(here / "values.gguf")
write_aligned(here / "aligned-v2.gguf")
files = {name: described(here / name) for name in ["values.gguf", "aligned-v2.gguf"]}
(here / "gguf.json").write_text(json.dumps(files) + "\n")
