/// One call's place in the protocol: which sides may still send, and how much.
///
/// Pure; `Call` is whatever the owner attaches (tests attach numbers).
struct StreamState<Call> {
  let call: Call
  /// We have sent our last frame of the stream.
  var isLocalClosed = false
  /// The peer has sent its last frame of the stream.
  var isRemoteClosed = false
  /// What MESSAGE frames of ours may still cost, in bytes.
  var sendCredit: Int
  /// What MESSAGE frames of the peer may still cost, in bytes.
  var receiveCredit: Int
  /// Taken by the application, not yet given back as CREDIT.
  var consumed = 0
}

/// What a peer did that the protocol forbids: it ends the connection.
struct ProtocolViolation: Error, Equatable, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}

/// A CREDIT frame to send.
struct CreditGrant: Equatable {
  /// 0 is the connection.
  let stream: UInt32
  let bytes: UInt32
}
