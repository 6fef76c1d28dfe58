import CLinux
import COpenSSL
import Glibc

/// What went wrong below the protocol: an address, a socket, a certificate.
public struct TransportError: Error, Equatable, Sendable, CustomStringConvertible {
  public let description: String

  init(_ description: String) {
    self.description = description
  }

  /// The system's last error, for the call that has just failed.
  static func system(_ operation: String, _ code: Int32 = errno) -> TransportError {
    TransportError("\(operation): \(String(cString: strerror(code)))")
  }

  /// OpenSSL's first queued error; empties the queue, which is per thread and shared.
  static func openSSL(_ operation: String) -> TransportError {
    var text = [CChar](repeating: 0, count: 256)
    let code = ERR_get_error()
    ERR_clear_error()
    guard code != 0 else { return TransportError("\(operation): failed") }
    ERR_error_string_n(code, &text, text.count)
    let reason = ERR_reason_error_string(code).map { String(cString: $0) }
    return TransportError("\(operation): \(reason ?? TransportError.text(text))")
  }

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
