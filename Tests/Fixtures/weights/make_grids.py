"""Makes Sources/CLLMKernels/grids.h: the grids of ggml's IQ types, numbers of the format, from the package gguf.

pip install gguf; python make_grids.py > ../../../Sources/CLLMKernels/grids.h
"""

from gguf import quants

GRIDS = [quants.IQ2_XXS, quants.IQ2_XS, quants.IQ2_S, quants.IQ3_XXS, quants.IQ3_S, quants.IQ1_S]

print("// Made by Tests/Fixtures/weights/make_grids.py. The grids of ggml's IQ types: rows of 8 elements of 2 bits, or of 4")
print("// of 4 bits, the first in the lowest; each is the number of a value in the type's own list.")
print("#include <stdint.h>")
for kind in GRIDS:
    data = bytes.fromhex(kind.grid_hex.decode())
    rows = [int.from_bytes(data[i : i + 2], "little") for i in range(0, len(data), 2)]
    assert len(rows) == kind.grid_shape[0]
    print(f"\nstatic const uint16_t {kind.qtype.name.lower()}_grid[{len(rows)}] = {{")
    for i in range(0, len(rows), 16):
        print("    " + ", ".join(map(str, rows[i : i + 16])) + ",")
    print("};")
