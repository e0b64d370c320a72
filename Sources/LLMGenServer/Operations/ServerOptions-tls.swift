import HummingbirdTLS
public import LLMGen

extension ServerOptions {
    /// Has the server speak HTTPS.
    ///
    /// - Parameters:
    ///   - certificate: a PEM file of the certificate and those that it depends on.
    ///   - key: a PEM file of its private key.
    /// - Throws: ``LLMGenError`` `invalidInput` where one of them cannot be read.
    public mutating func useTLS(certificate: String, key: String) throws(LLMGenError) {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(certificate)
            guard !chain.isEmpty else {
                throw LLMGenError(code: .invalidInput, message: "'\(certificate)' has no certificate in PEM")
            }
            let privateKey = try NIOSSLPrivateKey(file: key, format: .pem)
            tls = .makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
        } catch let error as LLMGenError {
            throw error
        } catch {
            throw LLMGenError(
                code: .invalidInput,
                message: "cannot use the certificate '\(certificate)' with the key '\(key)': \(error); give PEM files",
                cause: error)
        }
    }
}
