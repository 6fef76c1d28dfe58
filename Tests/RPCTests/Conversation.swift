import Codec

@testable import RPC

/// What one side of a session said, without what is each implementation's own: where messages are
/// cut, when credit is given, the words of an error, and how a success with one message is spelt.
struct Conversation: Equatable {
  private(set) var calls: [UInt32: [String]] = [:]
  private(set) var connection: [String] = []
  /// The last question of this side, which the other echoes.
  private(set) var lastPing: [UInt8] = []
  private var unfinished: [UInt32: [UInt8]] = [:]

  static func == (one: Conversation, other: Conversation) -> Bool {
    one.calls == other.calls && one.connection == other.connection
  }

  /// Adds all frames of `bytes`, which end with a frame.
  mutating func add(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let header = try FrameHeader(parsing: Array(rest), limit: .max)
      let end = rest.startIndex + FrameHeader.size + Int(header.payloadLength)
      try add(header, Array(rest[(rest.startIndex + FrameHeader.size)..<end]))
      rest = rest[end...]
    }
  }

  private mutating func add(_ header: FrameHeader, _ payload: [UInt8]) throws {
    let stream = header.stream
    switch header.kind {
    case .hello: connection.append("hello")
    case .credit: break
    case .ping:
      if header.flags.contains(.ack) { connection.append("echo") } else { lastPing = payload }
    case .goaway:
      let goaway = try RPCGoaway(serialized: payload)
      connection.append("goaway \(goaway.code), last \(goaway.lastStream)")
    case .request:
      let request = try RPCRequest(serialized: payload)
      calls[stream, default: []].append("request \(request.method)")
      if let message = request.message { addMessage(stream, message) }
      if header.flags.contains(.endStream) { calls[stream]?.append("end") }
    case .response:
      let response = try RPCResponse(serialized: payload)
      if let message = response.message { addMessage(stream, message) }
      calls[stream, default: []].append("status 0")
    case .status:
      let status = try RPCStatus(serialized: payload)
      let origin = status.details?.notProcessed == true ? ", not processed" : ""
      calls[stream, default: []].append("status \(status.code)\(origin)")
    case .cancel: calls[stream, default: []].append("cancel")
    case .message:
      if !header.flags.contains(.empty) { addPart(header, payload) }
      if header.flags.contains(.endStream) { calls[stream, default: []].append("end") }
    }
  }

  private mutating func addPart(_ header: FrameHeader, _ payload: [UInt8]) {
    unfinished[header.stream, default: []] += payload
    guard !header.flags.contains(.more) else { return }
    addMessage(header.stream, unfinished.removeValue(forKey: header.stream) ?? [])
  }

  private mutating func addMessage(_ stream: UInt32, _ bytes: [UInt8]) {
    calls[stream, default: []].append("message \(bytes)")
  }
}
