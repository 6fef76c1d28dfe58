import Codec
import CodecSchemas
import Testing

@Suite("Presence, oneofs and merging")
struct PresenceTests {
  @Test("optional fields at their default are present and have protobuf's bytes")
  func optionals() throws {
    try expectGolden(
      KitchenOptionals(
        aDouble: 0, aFloat: 0, anInt32: 0, anInt64: 0, aUint32: 0, aUint64: 0, aSint32: 0,
        aSint64: 0, aFixed32: 0, aFixed64: 0, aSfixed32: 0, aSfixed64: 0, aBool: false, aString: "",
        someBytes: [], state: .unspecified, scalars: KitchenScalars()),
      "09000000000000000015000000001800200028003000380040004d000000005100000000000000005d00000000"
        + "610000000000000000680072007a008001008a0100")
    try expectGolden(KitchenOptionals(), "")
  }

  @Test(
    "every member of a oneof is present at its default",
    arguments: [
      (.aDouble(0), "110000000000000000"), (.aFloat(0), "1d00000000"), (.anInt32(0), "2000"),
      (.anInt64(0), "2800"), (.aUint32(0), "3000"), (.aUint64(0), "3800"), (.aSint32(0), "4000"),
      (.aSint64(0), "4800"), (.aFixed32(0), "5500000000"), (.aFixed64(0), "590000000000000000"),
      (.aSfixed32(0), "6500000000"), (.aSfixed64(0), "690000000000000000"),
      (.aBool(false), "7000"), (.aString(""), "820100"), (.someBytes([]), "8a0100"),
      (.state(.unspecified), "900100"), (.scalars(KitchenScalars()), "9a0100"),
      (.choice(KitchenChoice()), "a20100"),
    ] as [(KitchenChoice.OneOf_Kind, String)])
  func members(kind: KitchenChoice.OneOf_Kind, bytes: String) throws {
    try expectGolden(KitchenChoice(kind: kind), bytes)
  }

  @Test("a oneof stands among the other fields by its member's number")
  func oneofOrder() throws {
    try expectGolden(Samples.choice, Samples.choiceBytes)
  }

  @Test("the last member of a oneof wins")
  func lastMember() throws {
    let message = try KitchenChoice(serialized: hex("2001 7001 820101 61"))
    #expect(message.kind == .aString("a"))
  }

  @Test("the last value of a singular scalar wins")
  func lastScalar() throws {
    #expect(
      try KitchenScalars(serialized: hex("1801 1802 720161 720162"))
        == KitchenScalars(anInt32: 2, aString: "b"))
  }

  @Test("a singular message that is sent twice is merged field by field")
  func mergedMessage() throws {
    let message = try KitchenOptionals(serialized: hex("8a010418012002 8a01021803"))
    #expect(message.scalars == KitchenScalars(anInt32: 3, anInt64: 2))
  }

  @Test("a message in a oneof is merged too, unless another member came between")
  func mergedMember() throws {
    let merged = try KitchenChoice(serialized: hex("9a01021801 9a01022002"))
    #expect(merged.kind == .scalars(KitchenScalars(anInt32: 1, anInt64: 2)))
    let replaced = try KitchenChoice(serialized: hex("9a01021801 2000 9a01022002"))
    #expect(replaced.kind == .scalars(KitchenScalars(anInt64: 2)))
  }

  @Test("merging bytes into a message appends to lists and replaces scalars")
  func mergeSerialized() throws {
    var message = KitchenRepeated(int32s: [1], strings: ["a"])
    try message.merge(serialized: KitchenRepeated(int32s: [2], strings: ["b"]).serialized())
    #expect(message == KitchenRepeated(int32s: [1, 2], strings: ["a", "b"]))
  }

  @Test("messages that contain themselves have protobuf's bytes")
  func recursive() throws {
    try expectGolden(Samples.node, Samples.nodeBytes)
  }

  @Test("a message inside itself can be set, changed and taken out again")
  func boxed() {
    var node = KitchenNode(label: "a")
    node.next = KitchenNode(label: "b")
    node.next?.next = KitchenNode(label: "c")
    #expect(node.next?.next?.label == "c")
    node.next = nil
    #expect(node == KitchenNode(label: "a"))
  }

  @Test("with fills a message in place")
  func with() {
    let message = KitchenScalars.with { $0.anInt32 = 4 }
    #expect(message == KitchenScalars(anInt32: 4))
  }
}
