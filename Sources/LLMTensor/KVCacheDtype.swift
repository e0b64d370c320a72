import CLLMKernels

/// The element type of cached keys and values. It is part of what fixes the text.
public enum KVCacheDtype: String, Sendable, Hashable, CaseIterable {
    /// As computed.
    case float32
    /// Rounded to the nearest bfloat16: half the memory.
    case bfloat16
    /// 8-bit integers with one float32 scale a token and KV head, for keys and for values: about a quarter.
    case int8

    var kernelType: llm_kv_dtype {
        switch self {
        case .float32: LLM_KV_F32
        case .bfloat16: LLM_KV_BF16
        case .int8: LLM_KV_INT8
        }
    }

    /// Bytes of one element, without its share of a scale.
    var elementByteCount: Int { llm_kv_element_bytes(kernelType) }

    /// Scales of one token and KV head, for keys or for values.
    var scaleCount: Int { self == .int8 ? 1 : 0 }
}
