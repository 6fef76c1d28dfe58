import Codec
import CodecSchemas
import Testing

@Suite("Maps")
struct MapTests {
  @Test("maps of every key and value are read from protobuf's bytes")
  func golden() throws {
    let bytes = hex(Samples.mapsBytes)
    #expect(try KitchenMaps(serialized: bytes) == Samples.maps)
    #expect(Samples.maps.encodedSize == bytes.count)
    #expect(try KitchenMaps(serialized: Samples.maps.serialized()) == Samples.maps)
  }

  @Test("entries are written in the order of their keys")
  func order() throws {
    try expectGolden(
      KitchenMaps(
        int32s: [1: 1, -1: 1, 0: 1], bools: [true: true, false: true],
        strings: ["b": "", "a": "", "ä": "", "B": "", "": ""]),
      "0a0d08ffffffffffffffffff011001 0a0408001001 0a0408011001 6a0408001001 6a0408011001"
        + "72040a001200 72050a01421200 72050a01611200 72050a01621200 72060a02c3a41200")
  }

  @Test("equal maps have equal bytes, whatever order they were filled in")
  func deterministic() {
    var forwards = KitchenMaps()
    var backwards = KitchenMaps()
    for number in 0..<500 {
      forwards.strings["\(number)"] = "x"
      backwards.strings["\(499 - number)"] = "x"
    }
    #expect(forwards.serialized() == backwards.serialized())
  }

  @Test("the last entry of a key wins")
  func lastWins() throws {
    let message = try KitchenMaps(serialized: hex("72060a0161120131 72060a0161120132"))
    #expect(message.strings == ["a": "2"])
  }

  @Test("an entry may come value first, without either, or with more")
  func looseEntries() throws {
    let message = try KitchenMaps(
      serialized: hex("7206 120131 0a0161  7203 0a0162  7203 120132  7208 0a0163 120133 1807"))
    #expect(message.strings == ["a": "1", "b": "", "": "2", "c": "3"])
  }

  @Test("the value of an entry that is sent twice is merged when it is a message")
  func mergedValue() throws {
    let message = try KitchenMaps(serialized: hex("8a010b 0a0161 12021807 12022008"))
    #expect(message.messages == ["a": KitchenScalars(anInt32: 7, anInt64: 8)])
  }

  @Test("keys and values must be UTF-8 too, and the error names the map")
  func invalidUTF8() {
    let error = CodecError.invalidUTF8(field: "assay.kitchen.v1.Maps.strings")
    expectRefused(KitchenMaps.self, hex("72060a01ff120131"), error)
    expectRefused(KitchenMaps.self, hex("72060a01611201ff"), error)
  }
}
