/// How a channel connects and retries.
public struct ChannelOptions: Sendable {
  public var settings: ConnectionSettings
  /// First wait after a failed connection attempt, doubled up to the maximum.
  public var reconnectMinimumMilliseconds: Int
  public var reconnectMaximumMilliseconds: Int
  /// How long one connection attempt may take, HELLO included.
  public var connectTimeoutMilliseconds: Int
  /// Attempts of a call in all, where the method may be sent again.
  public var maximumAttempts: Int
  /// A credential for every call of the channel's connections.
  public var credential: String

  public init(
    settings: ConnectionSettings, reconnectMinimumMilliseconds: Int,
    reconnectMaximumMilliseconds: Int, connectTimeoutMilliseconds: Int, maximumAttempts: Int,
    credential: String
  ) {
    self.settings = settings
    self.reconnectMinimumMilliseconds = reconnectMinimumMilliseconds
    self.reconnectMaximumMilliseconds = reconnectMaximumMilliseconds
    self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
    self.maximumAttempts = maximumAttempts
    self.credential = credential
  }

  /// Reconnect after 50 ms to 5 s, 5 s for a connection, four attempts, no credential.
  public static let defaults = ChannelOptions(
    settings: .defaults, reconnectMinimumMilliseconds: 50, reconnectMaximumMilliseconds: 5_000,
    connectTimeoutMilliseconds: 5_000, maximumAttempts: 4, credential: "")
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
