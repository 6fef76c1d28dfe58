import Codec
import CodecSchemas
import Testing

@Suite("Unknown fields and enum values")
struct UnknownFieldTests {
  @Test("fields of every wire type that the schema lacks are kept and written at the end")
  func kept() throws {
    let unknown = "a00601 a10601000000000000 00 a20603616263 a50601000000 a306 0801 a406"
    let message = try KitchenScalars(serialized: hex("1801" + unknown + "2002"))
    #expect(message.anInt32 == 1)
    #expect(message.anInt64 == 2)
    #expect(message.unknownFields.bytes == hex(unknown))
    #expect(message.serialized() == hex("18012002" + unknown))
    #expect(message.encodedSize == message.serialized().count)
  }

  @Test("a message of a newer schema passes unharmed through an older one")
  func passThrough() throws {
    let bytes = hex(Samples.greatestBytes)
    let passed = try KitchenNothing(serialized: bytes)
    #expect(passed.serialized() == bytes)
    #expect(try KitchenScalars(serialized: passed.serialized()) == Samples.greatest)
  }

  @Test("unknown fields of nested messages are kept in their place")
  func nested() throws {
    let bytes = hex("8a010518 01a00605")
    #expect(try KitchenOptionals(serialized: bytes).serialized() == bytes)
  }

  @Test("a known number with another wire type is an unknown field")
  func otherWireType() throws {
    // Field 3 is an int32: here it comes as fixed32, then as bytes.
    let message = try KitchenScalars(serialized: hex("1d01000000 1a0101"))
    #expect(message.anInt32 == 0)
    #expect(message.unknownFields.bytes == hex("1d01000000 1a0101"))
  }

  @Test("groups nest and are kept whole")
  func groups() throws {
    let group = "a306 ab06 0801 ac06 12026869 a406"
    let message = try KitchenScalars(serialized: hex(group))
    #expect(message.unknownFields.bytes == hex(group))
  }

  @Test("messages that differ in unknown fields alone are not equal")
  func equality() throws {
    #expect(try KitchenNothing(serialized: hex("0801")) != KitchenNothing())
  }

  @Test("numbers that an enum lacks are kept as such")
  func openEnum() throws {
    let message = try KitchenScalars(serialized: hex("8001ac02"))
    #expect(message.state == .unrecognized(300))
    #expect(message.serialized() == hex("8001ac02"))
    #expect(message.state.protoName == nil)
    #expect("\(message.state)" == "300")
  }
}

@Suite("Enums")
struct EnumTests {
  @Test("values are found by number and by name")
  func lookUp() {
    for state in KitchenCookingState.allCases {
      #expect(KitchenCookingState(rawValue: state.rawValue) == state)
      #expect(state.protoName.flatMap(KitchenCookingState.init(protoName:)) == state)
    }
    #expect(KitchenCookingState(protoName: "COOKING_STATE_NONE") == nil)
    #expect(KitchenCookingState() == .unspecified)
  }

  @Test("an alias is another name of the same value")
  func alias() {
    #expect(KitchenCookingState.uncooked == .raw)
    #expect(KitchenCookingState(protoName: "COOKING_STATE_UNCOOKED") == .raw)
    #expect(KitchenCookingState.raw.protoName == "COOKING_STATE_RAW")
    #expect(KitchenCookingState.allCases.count == 8)
  }

  @Test("negative values and those of Swift's own names are values like any other")
  func unusual() {
    #expect(KitchenCookingState.burnt.rawValue == -1)
    #expect(KitchenCookingState.frozen.rawValue == .min)
    #expect(KitchenCookingState.default.rawValue == 2)
    #expect(KitchenCookingState.self_.rawValue == 3)
  }
}
