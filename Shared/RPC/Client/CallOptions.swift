/// How one call is made.
public struct CallOptions: Sendable {
  /// Deadline from now, over all attempts. Nil: the method's own default, then 30 s for a unary
  /// call and none for a streaming one.
  public var timeoutMilliseconds: Int?
  public var metadata = Metadata()
  /// A serialized SignedPrincipal to pass on.
  public var principal: [UInt8] = []
  /// API key or token; empty means that of the connection.
  public var credential = ""
  public var trace: TraceContext?
  /// Wait for a connection until the deadline, rather than fail when none can be made.
  public var waitForReady = false

  /// Told the metadata of the answer, or of the failure, if it has any; on the call's loop.
  public var onResponseMetadata: (@Sendable (Metadata) -> Void)?
  /// For a method that only reads: more attempts while the first is still out.
  public var hedging: HedgingPolicy?

  public static let defaultUnaryTimeoutMilliseconds = 30_000

  public init() {}

  /// Whether the method's calls go out more than once at a time.
  func hedges(_ method: MethodDescriptor) -> Bool {
    hedging != nil && method.idempotency == .noSideEffects
  }

  /// The timeout that applies to `method`; nil is none.
  func timeout(for method: MethodDescriptor) -> Int? {
    if let timeoutMilliseconds { return timeoutMilliseconds }
    if method.defaultTimeoutMilliseconds > 0 { return Int(method.defaultTimeoutMilliseconds) }
    let isUnary = !method.clientStreaming && !method.serverStreaming
    return isUnary ? CallOptions.defaultUnaryTimeoutMilliseconds : nil
  }
}
