/// What the schema says of a method; generated, one per method.
public struct MethodDescriptor: Sendable, Hashable {
  public enum Idempotency: Sendable, Hashable {
    /// May not be sent twice.
    case unknown
    /// Reads only.
    case noSideEffects
    /// Twice is once.
    case idempotent
  }

  /// Full proto name, "assay.catalog.v1.UseCases.GetUseCase".
  public let name: String
  public let clientStreaming: Bool
  public let serverStreaming: Bool
  public let idempotency: Idempotency
  public let access: MethodAccess
  /// Deadline when the caller sets none; 0 is the default of `CallOptions`.
  public let defaultTimeoutMilliseconds: Int32
  /// Largest request message; 0 is the server's own limit.
  public let maxMessageBytes: Int32

  public init(
    name: String, clientStreaming: Bool = false, serverStreaming: Bool = false,
    idempotency: Idempotency = .unknown, access: MethodAccess = MethodAccess(),
    defaultTimeoutMilliseconds: Int32 = 0, maxMessageBytes: Int32 = 0
  ) {
    self.name = name
    self.clientStreaming = clientStreaming
    self.serverStreaming = serverStreaming
    self.idempotency = idempotency
    self.access = access
    self.defaultTimeoutMilliseconds = defaultTimeoutMilliseconds
    self.maxMessageBytes = maxMessageBytes
  }

  /// Full proto name of the service.
  public var service: String { MethodDescriptor.service(of: name) }

  /// May be sent again after a failure that leaves open whether it was processed.
  public var isRetryable: Bool { idempotency != .unknown }

  /// Everything before the last dot of a method's name.
  public static func service(of method: String) -> String {
    guard let dot = method.lastIndex(of: ".") else { return "" }
    return String(method[..<dot])
  }
}

/// Assay's method options, as numbers of the enums in `assay/options/v1` and `assay/identity/v1`:
/// this module carries them, Identity gives them their meaning.
public struct MethodAccess: Sendable, Hashable {
  public let roles: [Int32]
  public let scope: Int32

  public init(roles: [Int32] = [], scope: Int32 = 0) {
    self.roles = roles
    self.scope = scope
  }
}
