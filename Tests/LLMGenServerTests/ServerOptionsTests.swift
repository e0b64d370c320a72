import LLMGen
import LLMGenServer
import Testing

@Suite struct ServerOptionsTests {
    @Test func `A certificate that is not there is named; a build without HTTPS names the trait that brings it`() {
        var options = ServerOptions()
        let error = #expect(throws: LLMGenError.self) {
            try options.useTLS(certificate: "/no/chain.pem", key: "/no/key.pem")
        }
        #if TLS
            #expect(error?.code == .invalidInput)
        #else
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.contains("trait TLS") == true)
        #endif
        #expect(error?.message.contains("/no/chain.pem") == true)
    }
}
