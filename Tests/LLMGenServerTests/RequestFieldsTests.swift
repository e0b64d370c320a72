import LLMGenServer
import Testing

@Suite struct RequestFieldsTests {
    private func fields(_ text: String) throws(ErrorResponse) -> RequestFields { try RequestFields(Array(text.utf8)) }

    @Test func `Fields are taken by name and type`() throws {
        var fields = try fields(
            #"{"a":"x","b":1,"c":2.0,"d":true,"e":[1,2],"f":["p"],"g":{"h":null},"i":0.5,"j":null}"#)
        #expect(try fields.text("a") == "x" && fields.integer("b") == 1 && fields.integer("c") == 2)
        #expect(try fields.flag("d") == true && fields.tokenIDs("e") == [1, 2] && fields.texts("f") == ["p"])
        var object = try #require(try fields.object("g"))
        #expect(try object.text("h") == nil)
        try object.finish()
        #expect(try fields.number("i") == 0.5 && fields.text("j") == nil && fields.text("k") == nil)
        try fields.finish()
    }

    @Test func `What nobody asked for is refused, with its place`() throws {
        var fields = try fields(#"{"a":{"b":1,"c":2}}"#)
        var object = try #require(try fields.object("a"))
        _ = try object.integer("b")
        let error = #expect(throws: ErrorResponse.self) { try object.finish() }
        #expect(error?.status == 400 && error?.param == "a.c" && error?.code == "unknown_field")
    }

    @Test(arguments: [
        (#"{"a":1}"#, "the number 1"), (#"{"a":[]}"#, "an array"), (#"{"a":{}}"#, "an object"),
        (#"{"a":true}"#, "true"),
    ])
    func `A wrong type is named`(text: String, kind: String) throws {
        var fields = try fields(text)
        let error = #expect(throws: ErrorResponse.self) { try fields.text("a") }
        #expect(error?.param == "a" && error?.message.contains(kind) == true)
    }

    @Test(arguments: ["1.5", "1e30", "1e400", "9223372036854775808", "-1e400", "\"1\""])
    func `What is no whole number of 64 bits is refused`(value: String) throws {
        var fields = try fields("{\"a\":\(value)}")
        #expect(throws: ErrorResponse.self) { try fields.integer("a") }
    }

    @Test(arguments: [
        "", "[]", "1", "{", #"{"a":1,"a":2}"#, #"{"a":1}x"#, "nul", "{\"a\":\"\u{1}\"}",
        String(repeating: "[", count: 10_000), #"{"a":"# + String(repeating: "[", count: 40) + "1",
    ])
    func `What is no JSON object is 400`(text: String) {
        let error = #expect(throws: ErrorResponse.self) { try fields(text) }
        #expect(error?.status == 400 && error?.code == "invalid_json")
    }

    @Test func `Text that is no UTF-8 is 400`() {
        let error = #expect(throws: ErrorResponse.self) {
            try RequestFields(Array("{\"a\":\"".utf8) + [0xff, 0x22, 0x7d])
        }
        #expect(error?.code == "invalid_json")
    }
}
