/// What a server knows of one connection at one moment.
public struct ConnectionSnapshot: Sendable {
  public enum State: Sendable { case awaitingHello, open, draining, closed }

  /// One call that is open.
  public struct Stream: Sendable {
    public let stream: UInt32
    public let method: String
    public let ageMilliseconds: UInt64
    /// Nil without a deadline.
    public let remainingMilliseconds: UInt64?
    public let sendCreditBytes: Int
    public let receiveCreditBytes: Int
  }

  /// Most streams of one connection that are told one by one.
  static let maximumStreams = 100

  public let id: UInt64
  public let peer: PeerAddress
  public let peerSoftware: String
  public let state: State
  public let ageMilliseconds: UInt64
  public let idleMilliseconds: UInt64
  public let callsStarted: UInt64
  public let callsFailed: UInt64
  public let bytesReceived: UInt64
  public let bytesSent: UInt64
  public let sendCreditBytes: Int
  public let receiveCreditBytes: Int
  public let unsentBytes: Int
  /// Held for both sides, over all calls.
  public let heldBytes: Int
  public let openStreams: Int
  /// Those with the lowest numbers.
  public let streams: [Stream]
}

extension Connection {
  /// On the loop.
  func snapshot(id: UInt64) -> ConnectionSnapshot {
    let now = loop.now
    let open = state.streams.all.sorted { $0.stream < $1.stream }
    return ConnectionSnapshot(
      id: id, peer: peerAddress,
      peerSoftware: state.phase == .awaitingHello ? "" : String(state.peer.software.prefix(256)),
      state: snapshotState, ageMilliseconds: milliseconds(since: counters.openedAt, now),
      idleMilliseconds: milliseconds(since: keepalive.lastHeard, now),
      callsStarted: counters.callsStarted, callsFailed: counters.callsFailed,
      bytesReceived: counters.bytesReceived, bytesSent: counters.bytesSent,
      sendCreditBytes: state.connectionSendCredit,
      receiveCreditBytes: state.connectionReceiveCredit, unsentBytes: out.count,
      heldBytes: heldBytes, openStreams: open.count,
      streams: open.prefix(ConnectionSnapshot.maximumStreams).map { id, stream in
        ConnectionSnapshot.Stream(
          stream: id, method: String(stream.call.method.prefix(256)),
          ageMilliseconds: milliseconds(since: stream.call.startTime, now),
          remainingMilliseconds: stream.call.deadline == .max
            ? nil : milliseconds(since: now, stream.call.deadline),
          sendCreditBytes: stream.sendCredit, receiveCreditBytes: stream.receiveCredit)
      })
  }

  private var snapshotState: ConnectionSnapshot.State {
    switch state.phase {
    case .awaitingHello: .awaitingHello
    case .open: .open
    case .announcedDrain, .draining: .draining
    case .closed: .closed
    }
  }

  private func milliseconds(since start: UInt64, _ end: UInt64) -> UInt64 {
    (end - min(start, end)) / 1_000_000
  }
}
