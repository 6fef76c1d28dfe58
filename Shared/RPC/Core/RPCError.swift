/// How a call failed: a code to act upon, a sentence to read, and typed details.
public struct RPCError: Error, Sendable, Equatable, CustomStringConvertible {
  public var code: StatusCode
  /// What was wrong, where, what was expected, what to do. Goes to the caller: never a secret.
  public var message: String
  public var details: StatusDetails {
    get { boxed?.details ?? StatusDetails() }
    set { boxed = newValue.isEmpty ? nil : Box(newValue) }
  }

  /// Details are rare and large: apart, so that every call need not hold the room for them.
  private final class Box: Sendable {
    let details: StatusDetails

    init(_ details: StatusDetails) {
      self.details = details
    }
  }

  private var boxed: Box?

  public init(_ code: StatusCode, _ message: String, details: StatusDetails = StatusDetails()) {
    self.code = code
    self.message = message
    self.details = details
  }

  public static func == (lhs: RPCError, rhs: RPCError) -> Bool {
    lhs.code == rhs.code && lhs.message == rhs.message && lhs.details == rhs.details
  }

  public var description: String { "\(code.name): \(message)" }

  /// Set when the call provably never reached a handler, so that sending it again is safe.
  public var isNotProcessed: Bool { details.notProcessed }
}

/// What a client can act upon beyond the sentence; the shape of `assay.rpc.v1.StatusDetails`.
public struct StatusDetails: Sendable, Equatable {
  public var fieldViolations: [FieldViolation] = []
  /// When to try again; nil where the server does not say.
  public var retryAfterMilliseconds: UInt64?
  public var limit: LimitExceeded?
  public var resource: ResourceReference?
  /// Where the time went, outermost hop first.
  public var hops: [HopTime] = []
  public var notProcessed = false
  public var origin = StatusOrigin.application
  /// Push-back: not to be sent again, whatever the method allows.
  public var noRetry = false

  public init() {}

  public var isEmpty: Bool { self == StatusDetails() }
}

/// Who gave a status.
public enum StatusOrigin: Sendable, Hashable {
  /// The method's handler, or a peer too old to say.
  case application
  /// The runtime: the request's bytes are not the message that the method takes.
  case malformed
  case unknownService
  case unknownMethod
  /// The runtime: a deadline, a limit, a drain, a cancelled call.
  case runtime
}

/// One field, or one place in a file, that is at fault.
public struct FieldViolation: Sendable, Equatable {
  public var field: String
  public var description: String
  /// Place in a file, counted from 1; nil where there is none.
  public var line: Int?
  public var column: Int?

  public init(field: String, description: String, line: Int? = nil, column: Int? = nil) {
    self.field = field
    self.description = description
    self.line = line
    self.column = column
  }
}

/// A limit, what was asked of it, and the setting that changes it.
public struct LimitExceeded: Sendable, Equatable {
  public var name: String
  public var limit: Int64
  public var actual: Int64
  public var setting: String

  public init(name: String, limit: Int64, actual: Int64, setting: String = "") {
    self.name = name
    self.limit = limit
    self.actual = actual
    self.setting = setting
  }
}

/// The thing that an error is about.
public struct ResourceReference: Sendable, Equatable {
  public var kind: String
  public var name: String

  public init(kind: String, name: String) {
    self.kind = kind
    self.name = name
  }
}

/// Time that a call spent at one hop.
public struct HopTime: Sendable, Equatable {
  public var hop: String
  public var spentMicroseconds: UInt64

  public init(hop: String, spentMicroseconds: UInt64) {
    self.hop = hop
    self.spentMicroseconds = spentMicroseconds
  }
}
