import Codec

// `assay.rpc.v1.Request` and `Response` as the two ends of a call use them: read from the frame
// where it lies, written from what is at hand. The schema's own structs hold the same, but copy
// each field; tests keep the two the same to the byte.

/// The fields' tags in `proto-spec/assay/rpc/v1/control.proto`.
private enum Tag {
  static let method: UInt32 = 1 << 3 | WireType.lengthDelimited.rawValue
  static let timeoutMicroseconds: UInt32 = 2 << 3 | WireType.varint.rawValue
  static let traceparent: UInt32 = 3 << 3 | WireType.lengthDelimited.rawValue
  static let principal: UInt32 = 4 << 3 | WireType.lengthDelimited.rawValue
  static let credential: UInt32 = 5 << 3 | WireType.lengthDelimited.rawValue
  static let metadata: UInt32 = 6 << 3 | WireType.lengthDelimited.rawValue
  static let attempt: UInt32 = 7 << 3 | WireType.varint.rawValue
  static let message: UInt32 = 15 << 3 | WireType.lengthDelimited.rawValue
  static let responseMetadata: UInt32 = 1 << 3 | WireType.lengthDelimited.rawValue
}

/// A REQUEST to send, without its message.
struct RequestHeader: Sendable {
  var method: String
  var timeoutMicroseconds: UInt64 = 0
  var trace: TraceContext?
  var principal: [UInt8] = []
  var credential = ""
  var metadata: [RPCMetadataEntry] = []
  var attempt: UInt32 = 0

  /// Bytes of the payload with a message of `messageBytes`; nil is no message.
  func encodedSize(messageBytes: Int?) -> Int {
    var size = 1 + WireSize.string(method)
    if timeoutMicroseconds != 0 { size += 1 + WireSize.uint64(timeoutMicroseconds) }
    if trace != nil { size += 1 + WireSize.delimited(TraceContext.headerLength) }
    if !principal.isEmpty { size += 1 + WireSize.bytes(principal) }
    if !credential.isEmpty { size += 1 + WireSize.string(credential) }
    for entry in metadata { size += 1 + WireSize.message(entry) }
    if attempt != 0 { size += 1 + WireSize.uint32(attempt) }
    if let messageBytes { size += 1 + WireSize.delimited(messageBytes) }
    return size
  }

  func encode(into writer: inout WireWriter) {
    writer.writeTag(Tag.method)
    writer.writeString(method)
    if timeoutMicroseconds != 0 {
      writer.writeTag(Tag.timeoutMicroseconds)
      writer.writeUInt64(timeoutMicroseconds)
    }
    if let trace {
      writer.writeTag(Tag.traceparent)
      trace.encode(into: &writer)
    }
    if !principal.isEmpty {
      writer.writeTag(Tag.principal)
      writer.writeBytes(principal)
    }
    if !credential.isEmpty {
      writer.writeTag(Tag.credential)
      writer.writeString(credential)
    }
    for entry in metadata {
      writer.writeTag(Tag.metadata)
      writer.writeMessage(entry)
    }
    if attempt != 0 {
      writer.writeTag(Tag.attempt)
      writer.writeUInt32(attempt)
    }
  }
}

/// A REQUEST that waits for a free stream or for its loop, its message as bytes.
final class UnsentRequest: Sendable {
  let header: RequestHeader
  /// Nil if messages follow.
  let message: [UInt8]?

  init(_ header: RequestHeader, _ message: [UInt8]?) {
    self.header = header
    self.message = message
  }

  func encodeMessage(into writer: inout WireWriter) {
    message?.withUnsafeBytes { writer.writeRaw($0) }
  }

  /// A message on its own.
  static func bytes(count: Int, _ encode: (inout WireWriter) -> Void) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
      let memory = UnsafeMutableRawBufferPointer(buffer)
      var writer = WireWriter(UnsafeMutableRawBufferPointer(rebasing: memory[..<count]))
      encode(&writer)
      written = writer.offset
    }
  }
}

/// A REQUEST as it arrived; the memory is the frame's and lives as long as its handling.
struct ReceivedRequest {
  private(set) var method = UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var timeoutMicroseconds: UInt64 = 0
  /// Nil for one that is not as W3C says, which is no reason to refuse the call.
  private(set) var trace: TraceContext?
  private(set) var principal = UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var credential = ""
  private(set) var metadata: [RPCMetadataEntry] = []
  private(set) var attempt: UInt32 = 0
  private(set) var message: UnsafeRawBufferPointer?
  private let byteCount: Int

  /// What a call keeps of it beside the message, in bytes.
  var heldBytes: Int {
    byteCount - (message?.count ?? 0) + WireProtocol.messageOverheadBytes * (1 + metadata.count)
  }

  init(_ payload: UnsafeRawBufferPointer) throws(CodecError) {
    byteCount = payload.count
    var reader = WireReader(payload)
    while let tag = try reader.nextTag() {
      switch tag {
      case Tag.method: method = try reader.readDelimited()
      case Tag.timeoutMicroseconds: timeoutMicroseconds = try reader.readUInt64()
      case Tag.traceparent: trace = try ReceivedRequest.trace(reader.readDelimited())
      case Tag.principal: principal = try reader.readDelimited()
      case Tag.credential:
        credential = try reader.readString(field: "assay.rpc.v1.Request.credential")
      case Tag.metadata: try reader.readMessage(appendingTo: &metadata)
      case Tag.attempt: attempt = try reader.readUInt32()
      case Tag.message: message = try reader.readDelimited()
      default: try reader.skip(tag)
      }
    }
  }

  /// The method as text. Not made for the methods that are known: their routes have it.
  func methodName() throws(CodecError) -> String {
    guard let name = UTF8Text.string(method) else {
      throw .invalidUTF8(field: "assay.rpc.v1.Request.method")
    }
    return name
  }

  private static func trace(_ bytes: UnsafeRawBufferPointer) throws(CodecError) -> TraceContext? {
    if let trace = TraceContext(utf8: bytes) { return trace }
    guard UTF8Text.string(bytes) != nil else {
      throw .invalidUTF8(field: "assay.rpc.v1.Request.traceparent")
    }
    return nil
  }
}

/// A RESPONSE as it arrived; the memory is the frame's and lives as long as its handling.
struct ReceivedResponse {
  private(set) var metadata: [RPCMetadataEntry] = []
  private(set) var message: UnsafeRawBufferPointer?

  init(_ payload: UnsafeRawBufferPointer) throws(CodecError) {
    var reader = WireReader(payload)
    while let tag = try reader.nextTag() {
      switch tag {
      case Tag.responseMetadata: try reader.readMessage(appendingTo: &metadata)
      case Tag.message: message = try reader.readDelimited()
      default: try reader.skip(tag)
      }
    }
  }
}

/// What a RESPONSE has before its message.
enum ResponseHeader {
  static func size(of metadata: [RPCMetadataEntry]) -> Int {
    metadata.reduce(0) { $0 + 1 + WireSize.message($1) }
  }

  static func encode(_ metadata: [RPCMetadataEntry], into writer: inout WireWriter) {
    for entry in metadata {
      writer.writeTag(Tag.responseMetadata)
      writer.writeMessage(entry)
    }
  }
}

/// The message that ends a REQUEST or is a RESPONSE: its tag, its length, then its own bytes.
enum InlineMessage {
  static func size(of messageBytes: Int) -> Int { 1 + WireSize.delimited(messageBytes) }

  static func encodePrefix(messageBytes: Int, into writer: inout WireWriter) {
    writer.writeTag(Tag.message)
    writer.writeVarint(UInt64(messageBytes))
  }
}
