import LLMTensor
import LLMWeights
import Testing

@Suite struct SafetensorsFileTests {
    @Test func aTensorIsListedAndRead() throws {
        let header = #"{"w":{"dtype":"BF16","shape":[1,2],"data_offsets":[0,4]}}"#
        try withSafetensors(safetensors(header, data: [0x80, 0x3F, 0x00, 0xC0])) { file in
            #expect(file.tensors == [TensorInfo(name: "w", shape: [1, 2], dtype: .bfloat16)])
            #expect(file.contains("w"))
            #expect(!file.contains("v"))
            let view = try file.tensor(named: "w")
            #expect(view.shape == [1, 2])
            #expect(view.dtype == .bfloat16)
            #expect(view.floats() == [1, -2])
        }
    }

    @Test func tensorsAreListedInTheOrderOfTheData() throws {
        let header = """
            {"a":{"dtype":"F16","shape":[2],"data_offsets":[4,8]},"c":{"dtype":"F32","shape":[0],"data_offsets":[4,4]},
            "b":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}
            """
        try withSafetensors(safetensors(header, data: .init(repeating: 0, count: 8))) { file in
            #expect(file.names == ["b", "c", "a"])
            #expect(file.byteCount == 8)
            #expect(file.parameterCount == 3)
        }
    }

    @Test func dataNeedNotBeAligned() throws {
        let header =
            #"{"m":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]},"#
            + #""w":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}"#
        try withSafetensors(safetensors(header, data: [1, 0, 0, 0x80, 0x3F])) { file in
            let view = try file.tensor(named: "w")
            #expect(view.floats() == [1])
        }
    }

    @Test func theHeaderMayBePaddedAndHoldMetadata() throws {
        let header = #"{"__metadata__":{"format":"pt","é\n\u00e9\ud83d\ude00":""}}"# + "   \n"
        try withSafetensors(safetensors(header)) { file in
            #expect(file.metadata == ["format": "pt", "é\né😀": ""])
            #expect(file.tensors.isEmpty)
        }
    }

    @Test func unknownMembersOfATensorAreIgnored() throws {
        let header =
            #"{"w":{"x":[{"y":[1,-2.5e+3,true,false,null,"]"]},[]],"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#
        try withSafetensors(safetensors(header, data: [0, 0, 0, 0])) { #expect($0.names == ["w"]) }
    }

    @Test(arguments: [
        ("BOOL", 8), ("F4", 4), ("F6_E2M3", 6), ("F6_E3M2", 6), ("U8", 8), ("I8", 8), ("F8_E5M2", 8), ("F8_E4M3", 8),
        ("F8_E8M0", 8), ("F8_E4M3FNUZ", 8), ("F8_E5M2FNUZ", 8), ("I16", 16), ("U16", 16), ("I32", 32), ("U32", 32),
        ("C64", 64), ("F64", 64), ("I64", 64), ("U64", 64),
    ])
    func anElementTypeThatHasNoViewIsListedButNotRead(dtype: String, bits: Int) throws {
        let header = #"{"ids":{"dtype":"\#(dtype)","shape":[2,4],"data_offsets":[0,\#(bits)]}}"#
        try withSafetensors(safetensors(header, data: .init(repeating: 1, count: bits))) { file in
            #expect(file.info(named: "ids")?.byteCount == bits)
            #expect(file.info(named: "ids")?.dtypeName == dtype)
            #expect(file.info(named: "ids")?.dtype == nil)
            let error = try #require(throws: WeightsError.self) { try file.tensor(named: "ids") }
            #expect(error.code == .unsupported)
            #expect(error.message.contains("'ids'") && error.message.contains(dtype))
        }
    }

    @Test func aTensorThatIsNotThereIsNamed() throws {
        try withSafetensors(safetensors(#"{"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#)) { file in
            let error = try #require(throws: WeightsError.self) { try file.tensor(named: "lm_head.weight") }
            #expect(error.code == .missingTensor)
            #expect(error.message.contains("'lm_head.weight'") && error.message.contains("1: 'w'"))
        }
    }

    @Test func aViewOutlivesItsFile() throws {
        let header = #"{"w":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#
        let view = try withSafetensors(safetensors(header, data: [0, 0, 0, 0x40])) { try $0.tensor(named: "w") }
        #expect(view.floats() == [2])
    }

    @Test func aReleasedTensorReadsTheSameAgain() throws {
        let header = #"{"w":{"dtype":"F32","shape":[9000],"data_offsets":[0,36000]}}"#
        try withSafetensors(safetensors(header, data: .init(repeating: 0x3F, count: 36000))) { file in
            file.willNeed("w")
            let view = try file.tensor(named: "w")
            let before = view.floats()
            view.released(0..<9000)
            #expect(view.floats() == before)
        }
    }

    @Test func aMillionTensorsOpen() throws {
        let members = (0..<1_000_000).map { #""t\#($0)":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}"# }
        try withSafetensors(safetensors("{\(members.joined(separator: ","))}")) { file in
            #expect(file.tensors.count == 1_000_000)
            #expect(file.contains("t999999"))
        }
    }

    @Test func aGiganticNameOpensAndIsCutInMessages() throws {
        let name = String(repeating: "n\u{301}", count: 1_000_000)
        let header = #"{"\#(name)":{"dtype":"I64","shape":[0],"data_offsets":[0,0]}}"#
        try withSafetensors(safetensors(header)) { file in
            #expect(file.contains(name))
            let error = try #require(throws: WeightsError.self) { try file.tensor(named: name) }
            #expect(error.message.utf8.count < 2000)
        }
    }
}
