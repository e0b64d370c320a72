import LLMJSON
import Testing

@Suite struct JSONWriterTests {
    private func text(_ write: (inout JSONWriter) -> Void) -> String {
        var json = JSONWriter()
        write(&json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    @Test func `Separators come by themselves`() {
        let written = text { json in
            json.object { json in
                json.member("a", 1)
                json.member("b") { json in
                    json.array { json in
                        json.value("x")
                        json.array { _ in }
                        json.object { _ in }
                        json.null()
                        json.value(true)
                    }
                }
                json.member("c", nil as String?)
                json.member("d", 0.5)
            }
        }
        #expect(written == #"{"a":1,"b":["x",[],{},null,true],"c":null,"d":0.5}"#)
    }

    @Test func `Texts are escaped as RFC 8259 asks, and no more`() {
        let written = text { $0.value("\"\\\n\r\t\u{0}\u{1f}\u{7f}/é😀") }
        #expect(written == "\"\\\"\\\\\\n\\r\\t\\u0000\\u001f\u{7f}/é😀\"")
    }

    @Test func `Numbers that JSON cannot say are null`() {
        #expect(
            text { $0.array { json in for number in [1e300, -.infinity, .nan, 5] { json.value(number) } } }
                == "[1e+300,null,null,5.0]")
    }

    @Test func `What is written reads back`() throws {
        let value = JSONValue.object([
            "text": .string("a\u{0301}\u{200d}\n"), "numbers": .array([.integer(.min), .number(0.1), .number(-1e-7)]),
            "": .object(["null": .null, "flag": .flag(false)]),
        ])
        var json = JSONWriter()
        json.value(value)
        #expect(try JSONValue(json.bytes) == value)
    }
}
