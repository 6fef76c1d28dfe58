import Codec
import Testing

@testable import RPC

/// The protocol's rules on a pure value: no sockets, no tasks. Calls are plain numbers.
@Suite("Connection state")
struct ConnectionStateTests {
  private typealias State = ConnectionState<Int>

  private func settings(_ change: (inout ConnectionSettings) -> Void = { _ in })
    -> ConnectionSettings
  {
    var settings = ConnectionSettings.defaults
    settings.initialStreamCredit = 1_000
    settings.initialConnectionCredit = 4_000
    change(&settings)
    return settings
  }

  private func hello(min: UInt32 = 1, max: UInt32 = 1, streams: UInt32 = 8) -> RPCHello {
    RPCHello(
      minVersion: min, maxVersion: max, maxFrameBytes: 65_536, maxMessageBytes: 1 << 20,
      maxConcurrentStreams: streams, initialStreamCreditBytes: 1_128,
      initialConnectionCreditBytes: 1_692, pingIntervalMilliseconds: 60_000)
  }

  private func open(_ role: State.Role, streams: UInt32 = 8) throws -> State {
    var state = State(role: role, local: settings())
    try state.receivedHello(hello(streams: streams))
    return state
  }

  @Test("nothing but HELLO may come first")
  func order() {
    let state = State(role: .server, local: settings())
    #expect(throws: Never.self) { try state.checkOrder(.hello) }
    for kind in [FrameKind.request, .message, .ping, .goaway] {
      #expect(throws: ProtocolViolation.self) { try state.checkOrder(kind) }
    }
    // A server that cannot read our HELLO says so without one of its own.
    let client = State(role: .client, local: settings())
    #expect(throws: Never.self) { try client.checkOrder(.goaway) }
    #expect(throws: ProtocolViolation.self) { try client.checkOrder(.ping) }
  }

  @Test("a version range without overlap is refused naming both ranges")
  func versions() {
    var state = State(role: .server, local: settings())
    #expect {
      try state.receivedHello(hello(min: 7, max: 9))
    } throws: {
      "\($0)".contains("7 to 9") && "\($0)".contains("1 to 1")
    }
  }

  @Test("a later peer that still speaks our version is welcome")
  func newerPeer() throws {
    var state = State(role: .server, local: settings())
    try state.receivedHello(hello(min: 1, max: 4))
    #expect(state.phase == .open)
  }

  @Test("a second HELLO is a violation")
  func secondHello() throws {
    var state = try open(.server)
    #expect(throws: ProtocolViolation.self) { try state.receivedHello(hello()) }
  }

  @Test("both sides use the larger ping interval")
  func pingInterval() throws {
    #expect(try open(.client).peer.pingIntervalMilliseconds == 60_000)
  }

  @Test("client streams are odd and rising, up to the server's limit")
  func streamNumbers() throws {
    var state = try open(.client, streams: 2)
    #expect(state.openStream(10, endStream: false) == 1)
    #expect(state.openStream(11, endStream: true) == 3)
    #expect(!state.canOpenStream)
    #expect(try state.receivedEnd(1) == 10)
    #expect(state.canOpenStream)
    #expect(state.openStream(12, endStream: true) == 5)
  }

  @Test("even, repeated and falling stream numbers are violations")
  func badStreamNumbers() throws {
    var state = try open(.server)
    #expect(throws: ProtocolViolation.self) { _ = try state.receivedRequest(2) }
    _ = try state.receivedRequest(5)
    #expect(throws: ProtocolViolation.self) { _ = try state.receivedRequest(5) }
    #expect(throws: ProtocolViolation.self) { _ = try state.receivedRequest(3) }
  }

  @Test("calls over the limit are refused as not processed, naming the limit")
  func concurrency() throws {
    var state = State(role: .server, local: settings { $0.maxConcurrentStreams = 1 })
    try state.receivedHello(hello())
    _ = try state.receivedRequest(1)
    state.acceptStream(1, 10, endStream: true)
    guard case .refuse(let error) = try state.receivedRequest(3) else {
      Issue.record("accepted")
      return
    }
    #expect(error.code == .resourceExhausted)
    #expect(error.isNotProcessed)
    #expect(error.details.limit?.limit == 1)
  }

  @Test("a sender may use its credit to the last byte and not one more")
  func receiveCredit() throws {
    var state = try open(.server)
    _ = try state.receivedRequest(1)
    state.acceptStream(1, 10, endStream: false)
    _ = try state.receivedMessage(1, cost: 1_000, endStream: false)
    #expect(throws: ProtocolViolation.self) {
      _ = try state.receivedMessage(1, cost: 1, endStream: false)
    }
  }

  @Test("credit returns by half windows, to the stream and to the connection")
  func creditReturns() throws {
    var state = try open(.server)
    _ = try state.receivedRequest(1)
    state.acceptStream(1, 10, endStream: false)
    _ = try state.receivedMessage(1, cost: 600, endStream: false)
    #expect(state.consumed(1, bytes: 499) == (nil, nil))
    let (connection, stream) = state.consumed(1, bytes: 101)
    #expect(connection == nil)
    #expect(stream == CreditGrant(stream: 1, bytes: 600))
    // 600 of 4,000 are below half of the connection's window; 1,400 more reach it.
    #expect(state.consumed(nil, bytes: 1_400).0 == CreditGrant(stream: 0, bytes: 2_000))
  }

  @Test("sending takes the smallest of wish, stream, connection and frame, and 64 bytes each")
  func sendCredit() throws {
    var state = try open(.client)
    let first = state.openStream(10, endStream: false)
    let second = state.openStream(11, endStream: false)
    #expect(state.takeSendCredit(first, wanted: 300) == 300)
    #expect(state.takeSendCredit(first, wanted: 5_000) == 700)
    #expect(state.takeSendCredit(first, wanted: 1) == nil)
    #expect(state.takeSendCredit(first, wanted: 0) == nil)
    #expect(state.takeSendCredit(second, wanted: 5_000) == 500)
    _ = try state.receivedCredit(0, bytes: 64)
    #expect(state.takeSendCredit(second, wanted: 5_000) == nil)
    _ = try state.receivedCredit(0, bytes: 100)
    #expect(state.takeSendCredit(second, wanted: 5_000) == 100)
  }

  @Test("messages of no bytes use credit, too: a peer cannot pile them up for nothing")
  func emptyMessages() throws {
    var state = try open(.client)
    let stream = state.openStream(10, endStream: false)
    var sent = 0
    while state.takeSendCredit(stream, wanted: 0) != nil { sent += 1 }
    #expect(sent == 1_128 / 64)
  }

  @Test("limits and credit below 1,024 bytes are refused in HELLO")
  func leastLimits() {
    let changes: [(inout RPCHello) -> Void] = [
      { $0.maxFrameBytes = 1_023 }, { $0.maxMessageBytes = 1_023 },
      { $0.initialStreamCreditBytes = 1_023 }, { $0.initialConnectionCreditBytes = 1_023 },
    ]
    for change in changes {
      var state = State(role: .server, local: settings())
      var hello = hello()
      change(&hello)
      #expect(throws: ProtocolViolation.self) { try state.receivedHello(hello) }
    }
  }

  @Test("credit beyond 2 GiB is a violation")
  func creditOverflow() throws {
    var state = try open(.client)
    _ = state.openStream(10, endStream: false)
    #expect(throws: ProtocolViolation.self) { _ = try state.receivedCredit(0, bytes: .max) }
    #expect(throws: ProtocolViolation.self) { _ = try state.receivedCredit(1, bytes: .max) }
  }

  @Test("messages after END_STREAM are a violation, after CANCEL they are dropped")
  func messagesAfterTheEnd() throws {
    var state = try open(.server)
    _ = try state.receivedRequest(1)
    state.acceptStream(1, 10, endStream: true)
    #expect(throws: ProtocolViolation.self) {
      _ = try state.receivedMessage(1, cost: 1, endStream: false)
    }
    _ = try state.receivedRequest(3)
    state.acceptStream(3, 11, endStream: false)
    #expect(try state.receivedCancel(3) == 11)
    guard case .discard = try state.receivedMessage(3, cost: 1, endStream: false) else {
      Issue.record("delivered to a cancelled call")
      return
    }
    #expect(throws: ProtocolViolation.self) {
      _ = try state.receivedMessage(99, cost: 1, endStream: false)
    }
  }

  @Test("GOAWAY gives back exactly the calls above its last stream")
  func goaway() throws {
    var state = try open(.client)
    for call in 10..<14 { _ = state.openStream(call, endStream: true) }
    #expect(state.receivedGoaway(lastStream: 3) == [12, 13])
    #expect(!state.canOpenStream)
    #expect(try state.receivedEnd(1) == 10)
    #expect(state.close() == [11])
  }

  @Test("a server that has only announced its drain still takes calls, and then no more")
  func announcedDrain() throws {
    var state = try open(.server)
    #expect(state.announceDrain() == 2_147_483_647)
    guard case .accept = try state.receivedRequest(1) else {
      Issue.record("refused between the two steps")
      return
    }
    state.acceptStream(1, 10, endStream: true)
    #expect(state.beginDrain() == 1)
    guard case .refuse = try state.receivedRequest(3) else {
      Issue.record("accepted after the second step")
      return
    }
  }

  @Test("a draining server refuses new calls as not processed")
  func draining() throws {
    var state = try open(.server)
    _ = try state.receivedRequest(1)
    state.acceptStream(1, 10, endStream: true)
    #expect(state.beginDrain() == 1)
    guard case .refuse(let error) = try state.receivedRequest(3) else {
      Issue.record("accepted")
      return
    }
    #expect(error.code == .unavailable)
    #expect(error.isNotProcessed)
  }

  @Test("each side refuses what only the other may send")
  func roles() throws {
    var client = try open(.client)
    var server = try open(.server)
    #expect(throws: ProtocolViolation.self) { _ = try client.receivedRequest(1) }
    #expect(throws: ProtocolViolation.self) { _ = try client.receivedCancel(1) }
    #expect(throws: ProtocolViolation.self) { _ = try server.receivedEnd(1) }
  }
}
