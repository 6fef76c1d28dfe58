/// How a channel connects, retries and balances.
public struct ChannelOptions: Sendable {
  public var settings = ConnectionSettings.defaults
  /// First wait after a failed connection attempt, doubled up to the maximum: 50 ms.
  public var reconnectMinimumMilliseconds = 50
  /// Longest wait between connection attempts: 5 s.
  public var reconnectMaximumMilliseconds = 5_000
  /// How often the channel's name is looked up again while the channel is used: 30 s.
  public var resolveIntervalMilliseconds = 30_000
  /// After how long without a call lost connections are not made again: 5 min.
  public var idleMilliseconds = 5 * 60_000
  /// Attempts of a call in all, where the method may be sent again: 4.
  public var maximumAttempts = 4
  /// Which addresses are left alone for a while.
  public var outliers = OutlierPolicy()
  /// A credential for every call of the channel's connections.
  public var credential = ""
  public var interceptor = ClientInterceptor()
  public var budget = MemoryBudget.process

  public init() {}

  /// As the members say; no credential.
  public static let defaults = ChannelOptions()
}

/// What surrounds every call of a channel.
public struct ClientInterceptor: Sendable {
  /// Runs before the call, once whatever the attempts; may change its options, or throw to end it.
  public var prepare: (@Sendable (MethodDescriptor, inout CallOptions) async throws -> Void)?
  /// Told once per call, with the outcome and the time it took.
  public var completed: (@Sendable (MethodDescriptor, StatusCode, _ nanoseconds: UInt64) -> Void)?

  public init(
    prepare: (@Sendable (MethodDescriptor, inout CallOptions) async throws -> Void)? = nil,
    completed: (@Sendable (MethodDescriptor, StatusCode, UInt64) -> Void)? = nil
  ) {
    self.prepare = prepare
    self.completed = completed
  }

  var isEmpty: Bool { prepare == nil && completed == nil }
}

/// Makes connections to a name's addresses: Transport's sockets, or pipes in memory.
public protocol Connector: Sendable {
  /// Loops that calls may live on; at least one.
  var loops: [EventLoop] { get }

  /// The addresses of the channel's name now, re-resolved by each call.
  func resolve() async throws -> [String]

  /// Connects to one address and starts the connection on its loop. What `makeConnection` returns
  /// belongs to the loop.
  func connect(
    to address: String, on loop: EventLoop,
    makeConnection: @escaping @Sendable (PeerAddress) -> Connection
  ) async throws

  /// What to call the peer in errors, "evaluation (127.0.0.1:7102)".
  var name: String { get }
}
