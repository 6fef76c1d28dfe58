import Codec
import CodecSchemas
import Testing

// That these compile is half of the test: the schema's names are Swift's own words.
@Suite("Names in generated code")
struct GeneratedNameTests {
  @Test("fields named like Swift's words or the message's own members are fields like any other")
  func reservedFields() throws {
    var message = KitchenReserved()
    message.`default` = "a"
    message.self_ = "b"
    message.`in` = "c"
    message.init_ = "d"
    message.unknownFields_ = "e"
    message.encodedSize_ = "f"
    message.description = "g"
    (message.size, message.value, message.writer) = ("h", "i", "j")
    (message.reader, message.tag, message.visitor) = ("k", "l", "m")
    message.protoName = "n"
    message.optional = "o"
    message.`protocol` = .`class`(KitchenReserved.TypeMessage(value: 1))
    message.description_1 = .twoMore("p")
    (message.leading, message.trailing, message.shoutedName) = ("q", "r", "s")
    (message.aB, message.with1Digit) = ("t", "u")
    #expect(try KitchenReserved(serialized: message.serialized()) == message)
    #expect(KitchenReserved.protoName == "assay.kitchen.v1.Reserved")
  }

  @Test("nested types named like Swift's are renamed, and leave Swift's alone")
  func reservedTypes() throws {
    let text = KitchenReserved.StringMessage(
      text: "x", types: ["y": KitchenReserved.TypeMessage(value: 2)])
    let message = KitchenReserved(type: KitchenReserved.TypeMessage(value: 3), string: text)
    #expect(try KitchenReserved(serialized: message.serialized()) == message)
    #expect(KitchenReserved.SelfEnum.type.rawValue == 1)
    #expect(KitchenReserved.SelfEnum.unrecognized_.rawValue == 2)
    #expect(KitchenReserved.SelfEnum(protoName: "MOO") == .moo)
  }

  @Test("a file's descriptor is embedded whole")
  func descriptor() throws {
    // FileDescriptorProto: name is field 1, package field 2.
    let prefix: [UInt8] = [0x0A, 18] + Array("kitchen_sink.proto".utf8) + [0x12, 16]
    #expect(KitchenSinkFile.descriptor.starts(with: prefix + Array("assay.kitchen.v1".utf8)))
    #expect(try KitchenNothing(serialized: KitchenSinkFile.descriptor).encodedSize > 1000)
  }
}
