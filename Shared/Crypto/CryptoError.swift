/// What can be wrong with key material or encoded text that came from outside.
///
/// No case carries the offending bytes: they may be a secret.
public enum CryptoError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The text is no PEM document of the expected kind.
  case malformedPEM(String)
  /// The document is sound but holds a key of another algorithm than Ed25519.
  case wrongKeyType(String)
  /// A value of fixed length has another one.
  case wrongLength(what: String, expected: Int, actual: Int)
  /// Text that is not in the named encoding, with the place of the first fault.
  case malformedText(String)

  public var description: String {
    switch self {
    case .malformedPEM(let reason): "malformed PEM: \(reason)"
    case .wrongKeyType(let reason): "wrong key type: \(reason)"
    case .wrongLength(let what, let expected, let actual):
      "\(what) is \(actual) bytes long, expected \(expected)"
    case .malformedText(let reason): reason
    }
  }
}
