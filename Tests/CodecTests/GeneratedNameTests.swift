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

  @Test("a file without package may call its messages as Swift calls its types")
  func swiftTypes() throws {
    let message = OptionalMessage(optional: OptionalMessage())
    #expect(try OptionalMessage(serialized: message.serialized()).optional == OptionalMessage())
    #expect(OptionalMessage.protoName == "Optional" && Int32Message(value: 1).value == 1)
    #expect(classMessage(switch: .default).`switch`.rawValue == 1)
    #expect(_Message(unnamed: 1, unnamed_0: .a(3)).serialized() == hex("0801 1803"))
  }

  @Test("types nested in types of the same name are told apart")
  func nestedNames() throws {
    let message = Outer(
      inner: Outer.OuterMessage(
        inner: Outer.OuterMessage.OuterMessage(depth: 2), top: Outer()), other: RMessage())
    #expect(try Outer(serialized: message.serialized()) == message)
    #expect(Outer.OuterMessage.OuterMessage.protoName == "Outer.Outer.Outer")
  }

  @Test("names that fall together in Swift are numbered, and the cases of Optional left to it")
  func collisions() throws {
    let message = Collisions(
      fooBar_1: Collisions.fooBar(), kind: .none_("a"), kind_1: .self_(Collisions()), merge: 7,
      encode: 8, visit: 9, serialized: 10, with: 11, boxed: Collisions(merge: 1))
    #expect(try Collisions(serialized: message.serialized()) == message)
    #expect(Nothing.none_.rawValue == 0 && Nothing.protoName_.protoName == "NOTHING_PROTO_NAME")
    #expect(Nothing.allCases.count == Set(Nothing.allCases.map(\.rawValue)).count)
  }

  @Test("services and messages that would share a name do not")
  func services() {
    #expect(Search_Methods.all.map(\.name).first == "Search.All")
    #expect(Search_Methods.all.count == 6 && EmptyMethods.all.isEmpty)
  }
}
