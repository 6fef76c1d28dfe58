import Codec
import Foundation
import Testing

@testable import RPC

/// `proto-spec/vectors`, made by the Python implementation: what it sends is understood, and what
/// it refuses is refused.
@Suite("Vectors of the protocol")
struct VectorTests {
  // MARK: Frames

  private static let payloads: [String: any Message.Type] = [
    "Hello": RPCHello.self, "Request": RPCRequest.self, "Response": RPCResponse.self,
    "Status": RPCStatus.self, "Cancel": RPCCancel.self, "Credit": RPCCredit.self,
    "Ping": RPCPing.self, "Goaway": RPCGoaway.self,
  ]

  @Test("every frame is read and written to the byte, its fields have the same values")
  func frames() throws {
    let file = try JSONSerialization.jsonObject(with: VectorFiles.data("frames"))
    let vectors = try #require((file as? [String: Any])?["vectors"] as? [[String: Any]])
    #expect(vectors.count > 20)
    for vector in vectors { try checkFrame(vector) }
  }

  private func checkFrame(_ vector: [String: Any]) throws {
    let name = vector["name"] as? String ?? ""
    let bytes = try VectorFiles.bytes(try #require(vector["hex"] as? String))
    let header = try FrameHeader(parsing: bytes, limit: .max)
    #expect("\(header.kind)".uppercased() == vector["kind"] as? String, "\(name)")
    #expect(Int(header.flags.rawValue) == vector["flags"] as? Int, "\(name)")
    #expect(Int(header.stream) == vector["stream"] as? Int, "\(name)")
    #expect(Int(header.payloadLength) == vector["size"] as? Int, "\(name)")
    #expect(header.bytes == Array(bytes.prefix(FrameHeader.size)), "\(name)")
    guard let message = vector["message"] as? String else { return }
    let type = try #require(Self.payloads[String(message.dropFirst("assay.rpc.v1.".count))])
    var payload = Array(bytes[FrameHeader.size...])
    if header.kind == .hello {
      #expect(payload.starts(with: WireProtocol.magic))
      payload.removeFirst(WireProtocol.magic.count)
    }
    let (written, json) = try read(type, payload)
    #expect(written == payload, "\(name)")
    let fields = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? NSDictionary
    #expect(fields == vector["fields"] as? NSDictionary, "\(name)")
  }

  private func read<M: Message>(_: M.Type, _ bytes: [UInt8]) throws -> ([UInt8], String) {
    let message = try M(serialized: bytes)
    return (message.serialized(), JSONPrinter(isPretty: false, usesProtoNames: true).print(message))
  }

  // MARK: Sessions

  // A suite without its vectors proves nothing: there is nothing to do but stop.
  private static let sessions = try! VectorFiles.load("sessions") as SessionFile

  @Test("a server answers each session's client as it was answered", arguments: sessions.vectors)
  func server(vector: SessionVector) throws {
    let peer = VectorPeer(isClient: false, settings: Self.sessions.settings.connection)
    var answered = Conversation()
    var expected = Conversation()
    for step in vector.steps {
      if step.action == "drain", step.by == "server" { peer.drain() }
      guard let hex = step.hex else { continue }
      let bytes = try VectorFiles.bytes(hex)
      if step.from == "server" {
        try expected.add(bytes)
      } else {
        peer.receive(try echoing(answered.lastPing, in: bytes))
      }
      try answered.add(peer.takeOutput())
    }
    #expect(answered == expected)
    #expect(peer.isClosed == vector.endsConnection)
  }

  /// An echo in a vector answers the PING of the vector's server; this one has asked its own.
  private func echoing(_ asked: [UInt8], in frame: [UInt8]) throws -> [UInt8] {
    let header = try FrameHeader(parsing: frame, limit: .max)
    guard header.kind == .ping, header.flags == [.ack], !asked.isEmpty else { return frame }
    return FrameHeader(
      kind: .ping, flags: [.ack], stream: 0, payloadLength: UInt32(asked.count)
    ).bytes + asked
  }

  @Test(
    "a client that makes each session's calls sends what was sent",
    arguments: sessions.vectors.filter { $0.client == "calls" })
  func client(vector: SessionVector) throws {
    let peer = VectorPeer(isClient: true, settings: Self.sessions.settings.connection)
    var sent = Conversation()
    var expected = Conversation()
    for step in vector.steps {
      if step.action == "drain", step.by == "client" { peer.drain() }
      guard let hex = step.hex else { continue }
      let bytes = try VectorFiles.bytes(hex)
      if step.from == "server" {
        peer.receive(bytes)
      } else {
        try expected.add(bytes)
        try peer.act(bytes)
      }
      try sent.add(peer.takeOutput())
    }
    #expect(sent == expected)
    #expect(peer.connection.load == 0, "every call is over")
    #expect(peer.isClosed == vector.endsConnection)
  }

  // MARK: Rejects

  // The same.
  private static let rejects = try! VectorFiles.load("reject-sessions") as RejectFile

  @Test("what must be refused ends the connection, with a reason", arguments: rejects.vectors)
  func rejected(vector: RejectVector) throws {
    let isClient = vector.receiver == "client"
    let peer = VectorPeer(isClient: isClient, settings: Self.rejects.settings.connection)
    var bytes = try VectorFiles.bytes(vector.hex)
    if isClient {
      let hello = try FrameHeader(parsing: bytes, limit: .max)
      let size = FrameHeader.size + Int(hello.payloadLength)
      peer.receive(Array(bytes.prefix(size)))
      bytes.removeFirst(size)
      if !peer.isClosed { peer.open("assay.testing.v1.EchoService.Chat") }
    }
    peer.receive(bytes)
    #expect(peer.isClosed)
    var conversation = Conversation()
    try conversation.add(peer.takeOutput())
    let last = conversation.connection.last ?? "nothing"
    #expect(last.hasPrefix("goaway \(vector.observe.code), "), "\(last)")
  }
}

extension SessionVector {
  /// Whether both sides have nothing more to say at its end.
  fileprivate var endsConnection: Bool { name.hasPrefix("drain") || name == "a later version" }
}
