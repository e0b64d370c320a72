import Foundation
import LLMTensor
import LLMTestSupport
import LLMWeights
import Testing

/// Quantized tensors against what the packages that define their formats make of them; see make_quantized_hf.py.
@Suite struct QuantizedCheckpointTests {
    /// What each folder's tensor is held as.
    static let types: [String: String] = [
        "ct-int8-channel": "INT8", "ct-int8-tensor": "INT8", "ct-int8-zeros": "F32", "ct-int8-odd": "F32",
        "ct-pack4-g32-f16": "Q4_0", "ct-pack4-g32-bf16": "Q4_0", "ct-pack4-g32-f32": "F32", "ct-pack4-g128": "Q4_0",
        "ct-pack4-channel": "Q4_0", "ct-pack4-zeros": "INT4", "ct-pack4-odd": "F32", "ct-pack4-g-idx": "F32",
        "ct-pack8-g64": "Q8_0", "ct-pack8-zeros": "F32",
        "ct-fp8-tensor": "BF16", "ct-fp8-channel": "BF16", "ct-fp8-block": "BF16",
        "gptq-g32": "Q4_0", "gptq-g128": "Q4_0", "gptq-row": "Q4_0", "gptq-zeros": "INT4", "gptq-v2": "INT4",
        "gptq-ordered": "F32", "gptq-short-group": "F32", "gptq-8-bit": "Q8_0", "gptq-8-bit-zeros": "F32",
        "gptq-bf16": "Q4_0", "awq-g32": "INT4", "awq-g64": "INT4", "awq-row": "INT4",
        "bnb-nf4": "BF16", "bnb-nf4-nested": "BF16", "bnb-fp4": "BF16", "bnb-nf4-f16": "F16", "bnb-nf4-f32": "F32",
        "bnb-nf4-odd": "BF16", "bnb-nf4-odd-nested": "BF16", "bnb-int8": "INT8",
        "fp8-block-bfloat16": "BF16", "fp8-block-float16": "F16", "fp8-block-float32": "F32", "fp8-row": "BF16",
        "fp8-tensor": "BF16",
    ]

    @Test func `Every folder has its type in the table`() {
        #expect(QuantizedFolder.names == Self.types.keys.sorted())
    }

    @Test(arguments: QuantizedFolder.names)
    func `A quantized tensor has the values that its format's package gives it`(name: String) throws {
        let folder = QuantizedFolder(name: name)
        let view = try folder.open().tensor(named: "layer.weight")
        let expected = try folder.expected().tensor(named: "layer.weight")
        #expect(view.shape == expected.shape)
        #expect("\(view.dtype)" == Self.types[name])
        // Products of LLM.int8() are rounded twice there: with the row's largest weight, then by 127.
        let bound: Float = name == "bnb-int8" ? 0x1p-22 : 0
        let wrong = zip(view.floats(), expected.floats()).filter { abs($0 - $1) > bound * abs($1) || $0.isNaN }
        #expect(wrong.isEmpty, "\(wrong.count) of \(view.count), such as \(wrong.prefix(3))")
    }

    @Test(arguments: QuantizedFolder.names)
    func `Parts are presented as one weight, and other tensors as they are`(name: String) throws {
        let tensors = try QuantizedFolder(name: name).open()
        #expect(tensors.names.sorted() == ["layer.weight", "norm.weight"])
        let info = try #require(tensors.info(named: "layer.weight"))
        #expect(try info.shape == tensors.tensor(named: "layer.weight").shape)
        #expect(try tensors.tensor(named: "norm.weight").floats() == [0, 1, 2, 3])
        #expect(throws: WeightsError.self) { try tensors.tensor(named: "layer.scales") }
    }

    @Test(arguments: QuantizedFolder.names)
    func `Quantized weights are packed without loss`(name: String) throws {
        let view = try QuantizedFolder(name: name).open().tensor(named: "layer.weight")
        let compute = Compute(threads: 1)
        let packed = PackedWeights(stacking: [view], on: compute)
        let rows = Matrix(rows: packed.outputs, columns: packed.inputs)
        compute.gatherRows(packed, (0..<Int32(packed.outputs)).map(\.self), into: rows)
        #expect((0..<rows.rows).flatMap { rows.row($0) } == view.floats())
    }

    static let refusals: [(config: String, words: [String])] = [
        (#"{"quant_method": "hqq"}"#, ["'hqq'", "compressed-tensors", "gptq", "awq", "bitsandbytes", "mxfp4", "fp8"]),
        (#"{"quant_method": "aqlm"}"#, ["'aqlm'", "not read"]),
        (#"{"group_size": 64, "bits": 4}"#, ["'mlx'", "not read"]),
        ("{}", ["quant_method", "missing"]),
        ("7", ["quantization_config", "7", "an object"]),
        (#"{"quant_method": "gptq", "bits": 3, "group_size": 128}"#, ["bits is 3", "4 or 8"]),
        (#"{"quant_method": "gptq", "bits": 4, "group_size": 0}"#, ["group_size is 0"]),
        (#"{"quant_method": "gptq", "bits": 4}"#, ["group_size", "missing"]),
        (
            #"{"quant_method": "gptq", "bits": 4, "group_size": 32, "checkpoint_format": "marlin"}"#,
            ["checkpoint_format is 'marlin'", "gptq or gptq_v2"]
        ),
        (#"{"quant_method": "gptq", "bits": 4, "group_size": 32, "dynamic": {"a": {"bits": 8}}}"#, ["dynamic"]),
        (#"{"quant_method": "awq", "bits": 4, "group_size": 32, "version": "gemv"}"#, ["version is 'gemv'", "gemm"]),
        (#"{"quant_method": "bitsandbytes", "load_in_8bit": false}"#, ["load_in_4bit"]),
        (#"{"quant_method": "fp8", "fmt": "e5m2"}"#, ["fmt is 'e5m2'", "e4m3"]),
        (#"{"quant_method": "fp8", "weight_block_size": [128]}"#, ["weight_block_size", "two sizes"]),
        (
            #"{"quant_method": "compressed-tensors", "format": "nvfp4-pack-quantized", "config_groups": {}}"#,
            ["format is 'nvfp4-pack-quantized'", "pack-quantized"]
        ),
        (
            #"{"quant_method": "compressed-tensors", "format": "pack-quantized", "config_groups": {"g": {"weights": "#
                + #"{"num_bits": 3}}}}"#, ["config_groups.g.weights.num_bits is 3", "4 or 8"]
        ),
        (
            #"{"quant_method": "compressed-tensors", "format": "int-quantized", "quantization_status": "frozen"}"#,
            ["quantization_status is 'frozen'"]
        ),
    ]

    @Test(arguments: refusals.indices)
    func `What is not read is refused by name`(index: Int) throws {
        let (config, words) = Self.refusals[index]
        let tensors = try QuantizedFolder(name: "gptq-g32").file()
        let error = try #require(throws: WeightsError.self) {
            try QuantizedFolder.open(tensors, Array(#"{"quantization_config": \#(config)}"#.utf8))
        }
        for word in words { #expect(error.message.contains(word), "\(error.message)") }
        #expect(!error.message.contains("\n"))
    }
}
