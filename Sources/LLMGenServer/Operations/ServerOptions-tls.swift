public import LLMGen

#if TLS
    import HummingbirdTLS
#endif

extension ServerOptions {
    /// Has the server speak HTTPS, where it was built with the package trait `TLS`.
    ///
    /// - Parameters:
    ///   - certificate: a PEM file of the certificate and those that it depends on.
    ///   - key: a PEM file of its private key.
    /// - Throws: ``LLMGenError`` `invalidInput` where one of them cannot be read, `invalidArgument` without the trait.
    public mutating func useTLS(certificate: String, key: String) throws(LLMGenError) {
        #if TLS
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
                    message:
                        "cannot use the certificate '\(certificate)' with the key '\(key)': \(error); give PEM files",
                    cause: error)
            }
        #else
            throw LLMGenError(
                code: .invalidArgument,
                message: "tls-certificate is '\(certificate)', but this build has no HTTPS; "
                    + "build with the package trait TLS (make build TLS=1), or leave it out and put a proxy in front")
        #endif
    }
}
