import Codec
import CodecSchemas
import Foundation
import Testing

/// `proto-spec/vectors`: what Google's implementation reads and writes of the same schema.
@Suite("Vectors of the codec")
struct VectorTests {
  struct Golden: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let message: String
    let hex: String
    let encoded: String

    var testDescription: String { name }
  }

  struct Reject: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    /// What is wrong with the bytes, in a word.
    let fault: String
    let message: String
    let hex: String

    var testDescription: String { name }
  }

  private struct File<Vector: Decodable>: Decodable {
    let vectors: [Vector]
  }

  private static func load<Vector: Decodable>(_ name: String) throws -> [Vector] {
    let file = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("proto-spec/vectors/\(name).json")
    return try JSONDecoder().decode(File<Vector>.self, from: Data(contentsOf: file)).vectors
  }

  private static let types: [String: any Message.Type] = [
    "Scalars": KitchenScalars.self, "Optionals": KitchenOptionals.self,
    "Repeated": KitchenRepeated.self, "Maps": KitchenMaps.self, "Choice": KitchenChoice.self,
    "Node": KitchenNode.self, "WellKnown": KitchenWellKnown.self, "Nothing": KitchenNothing.self,
    "Numbers": KitchenNumbers.self,
  ]

  private func type(_ name: String) throws -> any Message.Type {
    try #require(Self.types[String(name.dropFirst("assay.kitchen.v1.".count))], "\(name)")
  }

  private func written<M: Message>(_: M.Type, from bytes: [UInt8]) throws -> [UInt8] {
    try M(serialized: bytes).serialized()
  }

  @Test("what is read is written as Google writes it", arguments: try load("codec") as [Golden])
  func golden(vector: Golden) throws {
    let type = try type(vector.message)
    let bytes = try written(type, from: hex(vector.hex))
    #expect(hex(bytes) == vector.encoded)
    #expect(try written(type, from: bytes) == bytes, "and read back")
  }

  @Test("what Google refuses is refused", arguments: try load("reject-codec") as [Reject])
  func refused(vector: Reject) throws {
    let type = try type(vector.message)
    let error = #expect(throws: CodecError.self) { try written(type, from: hex(vector.hex)) }
    #expect(error.map(faults)?.contains(vector.fault) == true, "\(String(describing: error))")
  }

  /// A field that is cut off is one whose end lies beyond its message, and the other way round.
  private func faults(of error: CodecError) -> [String] {
    switch error {
    case .truncated: ["truncated", "group", "length"]
    case .malformedVarint: ["varint"]
    case .invalidTag: ["tag"]
    case .invalidWireType: ["wire type"]
    case .invalidUTF8: ["UTF-8"]
    case .lengthOutOfBounds, .misalignedPackedField: ["length"]
    case .recursionLimit: ["depth"]
    case .groupMismatch: ["group"]
    }
  }
}
