import Transport

/// Whether a program may listen where it is told to, and with what.
struct ListenSecurity {
  private let certificate: String?
  private let key: String?
  private let authority: String?
  private let isInsecure: Bool
  private let rule: ListenRule

  init(_ options: Options, _ rule: ListenRule) {
    certificate = options.optionalText("tls-certificate")
    key = options.optionalText("tls-key")
    authority = options.optionalText("tls-client-ca")
    isInsecure = options.flag("insecure")
    self.rule = rule
  }

  /// The TLS options to listen with; nil for plain text, where that is allowed.
  ///
  /// - Throws: `ServiceFailure` saying what is missing.
  func check(_ address: HostPort) throws -> TLSServerOptions? {
    switch (certificate, key) {
    case (let certificate?, let key?):
      guard !isInsecure else {
        throw ServiceFailure("--insecure contradicts --tls-certificate", exitCode: 2)
      }
      return TLSServerOptions(
        certificateFile: certificate, keyFile: key,
        clientCAFile: authority)
    case (nil, nil):
      try checkPlainText(address)
      return nil
    default:
      throw ServiceFailure("--tls-certificate and --tls-key belong together", exitCode: 2)
    }
  }

  private func checkPlainText(_ address: HostPort) throws {
    let isAllowed =
      switch rule {
      case .services: address.isLoopback || isInsecure
      case .clients: address.isLoopback && isInsecure
      }
    guard isAllowed else {
      let advice =
        rule == .services || !address.isLoopback
        ? "" : ", or --insecure for plain text on this machine"
      throw ServiceFailure(
        "listening on \(address) needs --tls-certificate and --tls-key\(advice)", exitCode: 2)
    }
  }
}
