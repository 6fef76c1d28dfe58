import Crypto
import Foundation
import Identity
import RPC
import Synchronization
import Transport

/// What a running program has: its settings, log, metrics, keys, and ways to its peers.
public final class ServiceProcess: Sendable {
  private struct State {
    var channels: [String: Channel] = [:]
    var principal: [UInt8] = []
    var principalRenewAt: Int64 = .min
  }

  public let options: Options
  public let log: Logger
  public let metrics: MetricsRegistry
  public let clock: WallClock
  public let readiness: Readiness
  public let loops: EventLoopGroup
  /// What all connections of the process may hold together.
  public let budget: MemoryBudget
  /// Exists and is writable.
  public let dataDirectory: String
  /// The public keys of those who may sign principals.
  public let keyring: Keyring
  /// This program's own key; nil if it has none.
  public let signer: PrincipalSigner?

  private let state = Mutex(State())
  /// Age at which the service's own principal is signed anew.
  private static let principalRenewalMilliseconds = Principal.maximumLifetimeMilliseconds / 2

  init(
    options: Options, log: Logger, clock: WallClock = .system, loops: EventLoopGroup,
    dataDirectory: String, keyring: Keyring, signer: PrincipalSigner?
  ) {
    self.options = options
    self.log = log
    self.clock = clock
    self.loops = loops
    self.dataDirectory = dataDirectory
    self.keyring = keyring
    self.signer = signer
    budget = MemoryBudget(limitBytes: options.bytes("max-buffer-bytes"))
    metrics = MetricsRegistry()
    readiness = Readiness()
  }

  /// This program's own key.
  public func requireSigner() throws -> PrincipalSigner {
    guard let signer else {
      throw ServiceFailure(
        "this service's own key is missing: \(options.text("identity")); "
          + "deploy/certificates makes one, --identity names it")
    }
    return signer
  }

  /// As `requireSigner`.
  public func requireIssuer() throws -> PrincipalSigner { try requireSigner() }

  /// The signed principal under which this service itself calls, at least two minutes valid.
  public func servicePrincipal() throws -> [UInt8] {
    let signer = try requireSigner()
    let now = clock.now()
    return state.withLock { state in
      // A clock that was set back makes the principal one of the future: then it is renewed too.
      let renewal = ServiceProcess.principalRenewalMilliseconds
      if now >= state.principalRenewAt || now < state.principalRenewAt - renewal {
        state.principal = signer.servicePrincipal(now: now)
        state.principalRenewAt = now + renewal
      }
      return state.principal
    }
  }

  /// Options of a call that this service makes on its own behalf.
  public func serviceCallOptions(timeoutMilliseconds: Int? = nil) throws -> CallOptions {
    var options = CallOptions()
    options.principal = try servicePrincipal()
    options.timeoutMilliseconds = timeoutMilliseconds
    return options
  }

  /// The channel to a peer, which the option of the same name locates. One for the process.
  ///
  /// - Throws: `ServiceFailure` if the option was not given.
  public func channel(to peer: String) throws -> Channel {
    guard let target = options.optionalText(peer) else {
      throw ServiceFailure("--\(peer) HOST:PORT is needed: where does the \(peer) service answer?")
    }
    return try state.withLock { state in
      if let channel = state.channels[peer] { return channel }
      var channelOptions = ChannelOptions.defaults
      channelOptions.settings.maxMessageBytes = peerMessageBytes
      channelOptions.budget = budget
      let channel = Channel(
        try SocketConnector(name: peer, target: target, tls: peerTLS, group: loops),
        options: channelOptions)
      state.channels[peer] = channel
      PeerMetrics.register(channel.statistics, peer: peer, in: metrics)
      return channel
    }
  }

  /// Ends the process at once, for a failure after which nothing but a new start helps: whoever
  /// supervises it starts it again, and callers try again.
  public func endForRestart(_ error: any Error) -> Never {
    // Where nobody reads the log, or it is on the disk that hangs, the process ends all the same.
    alarm(ServiceProcess.lastWordsSeconds)
    if let path = options.optionalText("ready-file") { unlink(path) }
    log.error("the process ends, to be started again", ["error": "\(error)"])
    ServiceMain.finish(ServiceProcess.restartExitCode, log)
  }

  /// `EX_IOERR` of sysexits.h.
  private static let restartExitCode: Int32 = 74
  private static let lastWordsSeconds: UInt32 = 5

  func shutDownChannels() {
    let channels = state.withLock { Array($0.channels.values) }
    for channel in channels { channel.shutDown() }
  }

  /// What we accept from peers is at least what they accept from us.
  private var peerMessageBytes: Int { options.bytes("max-message-bytes") }

  private var peerTLS: TLSClientOptions? {
    guard let ca = options.optionalText("peer-ca") else { return nil }
    return TLSClientOptions(
      caFile: ca, certificateFile: options.optionalText("peer-certificate"),
      keyFile: options.optionalText("peer-key"))
  }
}
