import Codec
import CodecSchemas
import Testing

@Suite("Maps with strings as keys")
struct StringMapTests {
  /// "é" as one code point and as two; Swift's `==` holds them to be the same.
  private static let (composed, decomposed) = ("\u{e9}", "e\u{301}")

  @Test("keys that Unicode holds to be equal are two, and both come out as they went in")
  func equivalentKeys() throws {
    try #require(Self.composed == Self.decomposed)
    let message = KitchenMaps(strings: [Self.composed: "1", Self.decomposed: "2"])
    #expect(message.strings.count == 2)
    #expect(message.strings[Self.composed] == "1" && message.strings[Self.decomposed] == "2")
    // By bytes "e" comes before "é".
    try expectGolden(message, "72080a0365cc81120132 72070a02c3a9120131")
  }

  @Test("maps that differ in the spelling of a key are not equal")
  func inequality() {
    let (a, b): (StringMap<Int>, StringMap<Int>) = ([Self.composed: 1], [Self.decomposed: 1])
    #expect(a != b)
    #expect(UTF8Key(Self.composed) != UTF8Key(Self.decomposed))
    #expect(a == [Self.composed: 1])
  }

  @Test("keys are in the order of their bytes, which is that of their code points")
  func order() {
    let keys: [UTF8Key] = ["", "B", "a", "ab", "e\u{301}", "z", "\u{e9}", "\u{ffff}", "\u{10000}"]
    #expect(
      keys.shuffled().sorted().map { Array($0.string.utf8) } == keys.map { Array($0.string.utf8) })
  }

  @Test("a map is used as a dictionary is")
  func dictionary() {
    var map: StringMap<Int> = ["a": 1, "b": 2, "a": 3]
    #expect(map.count == 2 && !map.isEmpty && map["a"] == 3 && map["c"] == nil)
    map["a"] = nil
    map["d", default: 4] += 1
    #expect(map.keys.sorted() == ["b", "d"] && map.values.sorted() == [2, 5])
    #expect(map.map { "\($0.key)\($0.value)" }.sorted() == ["b2", "d5"])
    #expect(map.dictionary == ["b": 2, "d": 5] && StringMap(map.dictionary) == map)
    #expect(StringMap<Int>([:]).isEmpty)
  }

  @Test("as Swift's dictionary, of equal keys the one whose bytes come last stays")
  func collapsed() {
    let map: StringMap<Int> = [Self.composed: 1, Self.decomposed: 2, "a": 3]
    #expect(map.dictionary == [Self.composed: 1, "a": 3])
  }

  @Test("any number of keys that Unicode holds to be equal is kept")
  func manySpellings() throws {
    // Each of twelve letters in one of two spellings.
    var message = KitchenMaps()
    for number in 0..<4096 {
      let key = (0..<12).map { number >> $0 & 1 == 1 ? Self.composed : Self.decomposed }.joined()
      message.strings[key] = "\(number)"
    }
    #expect(message.strings.count == 4096)
    #expect(try KitchenMaps(serialized: message.serialized()) == message)
  }
}
