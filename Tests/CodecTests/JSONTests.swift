import Codec
import CodecSchemas
import Testing

@Suite("JSON")
struct JSONTests {
  private let compact = JSONPrinter(isPretty: false)

  @Test("every scalar is spelt as proto3's JSON mapping has it")
  func scalars() {
    #expect(
      compact.print(Samples.greatest)
        == #"{"aDouble":1.7976931348623157e+308,"aFloat":3.4028235e+38,"anInt32":2147483647,"#
        + #""anInt64":"9223372036854775807","aUint32":4294967295,"#
        + #""aUint64":"18446744073709551615","aSint32":2147483647,"#
        + #""aSint64":"9223372036854775807","aFixed32":4294967295,"#
        + #""aFixed64":"18446744073709551615","aSfixed32":2147483647,"#
        + #""aSfixed64":"9223372036854775807","aBool":true,"aString":"Zürich 🍳","#
        + #""someBytes":"AP8=","state":"UNPREFIXED"}"#)
  }

  @Test("lists and maps are arrays and objects, keys always strings")
  func collections() {
    #expect(
      compact.print(
        KitchenRepeated(
          int64s: [1, -1], byteStrings: [[0x78]], states: [.raw, .unrecognized(99)],
          messages: [KitchenScalars(), KitchenScalars(anInt32: 1)]))
        == #"{"int64s":["1","-1"],"byteStrings":["eA=="],"states":["COOKING_STATE_RAW",99],"#
        + #""messages":[{},{"anInt32":1}]}"#)
    #expect(
      compact.print(
        KitchenMaps(
          int32s: [-1: 1], uint64s: [.max: 1], bools: [true: false], strings: ["b": "2", "a": "1"],
          messages: ["m": KitchenScalars(anInt32: 7)]))
        == #"{"int32s":{"-1":1},"uint64s":{"18446744073709551615":"1"},"bools":{"true":false},"#
        + #""strings":{"a":"1","b":"2"},"messages":{"m":{"anInt32":7}}}"#)
  }

  @Test("oneofs and nested messages show what is set")
  func nested() {
    #expect(
      compact.print(Samples.choice)
        == #"{"before":"b","choice":{"scalars":{"anInt32":9}},"between":"m","second":5}"#)
    #expect(
      compact.print(Samples.node)
        == #"{"label":"a","next":{"label":"b","other":{"node":{"label":"c"},"weight":3}},"#
        + #""children":[{"label":"d"}]}"#)
  }

  @Test("present fields are shown at their default, absent ones are not")
  func presence() {
    #expect(
      compact.print(KitchenOptionals(anInt64: 0, aString: "", scalars: KitchenScalars()))
        == #"{"anInt64":"0","aString":"","scalars":{}}"#)
    #expect(compact.print(KitchenChoice(kind: .aBool(false))) == #"{"aBool":false}"#)
    #expect(compact.print(KitchenScalars()) == "{}")
  }

  @Test("defaults of fields without presence are shown when asked for")
  func defaults() {
    let printer = JSONPrinter(isPretty: false, includesDefaults: true)
    #expect(
      printer.print(KitchenNode.Other(weight: 0)) == #"{"weight":0}"#)
    #expect(printer.print(KitchenNode()) == #"{"label":"","children":[]}"#)
    #expect(printer.print(KitchenMaps()).hasPrefix(#"{"int32s":{},"int64s":{}"#))
    #expect(printer.print(KitchenScalars()).hasSuffix(#""state":"COOKING_STATE_UNSPECIFIED"}"#))
  }

  @Test("names are the schema's when asked for, and json_name's otherwise")
  func names() {
    let message = KitchenReserved(unknownFields_: "u", description_1: .twoWords("t"))
    #expect(compact.print(message) == #"{"unknownFields":"u","twoWords":"t"}"#)
    #expect(
      JSONPrinter(isPretty: false, usesProtoNames: true).print(message)
        == #"{"unknown_fields":"u","two_words":"t"}"#)
  }

  @Test("pretty printing breaks lines and indents by two")
  func pretty() {
    let message = KitchenNode(label: "a", children: [KitchenNode(label: "b"), KitchenNode()])
    #expect(
      JSONPrinter().print(message) == """
        {
          "label": "a",
          "children": [
            {
              "label": "b"
            },
            {}
          ]
        }
        """)
  }

  @Test("strings are escaped so that any reader reads them back")
  func escapes() {
    #expect(
      compact.print(KitchenScalars(aString: "\"\\\n\r\t\u{1}\u{7F}\u{2028}/é"))
        == #"{"aString":"\"\\\n\r\t\u0001\u007f\u2028/é"}"#)
  }

  @Test("numbers that JSON lacks are strings")
  func nonFinite() {
    #expect(
      compact.print(KitchenRepeated(doubles: [.nan, .infinity, -.infinity, 0.1, 1e-7]))
        == #"{"doubles":["NaN","Infinity","-Infinity",0.1,1e-07]}"#)
  }

  @Test(
    "timestamps are RFC 3339 with as few digits as are exact",
    arguments: [
      (63_108_020, 21_000_000, "1972-01-01T10:00:20.021Z"),
      (-62_135_596_800, 0, "0001-01-01T00:00:00Z"),
      (253_402_300_799, 999_999_999, "9999-12-31T23:59:59.999999999Z"),
      (-1, 500_000_000, "1969-12-31T23:59:59.500Z"),
      (951_825_600, 1000, "2000-02-29T12:00:00.000001Z"),
      (-2_203_891_200, 0, "1900-03-01T00:00:00Z"),
      (0, 0, "1970-01-01T00:00:00Z"),
    ] as [(Int64, Int32, String)])
  func timestamps(seconds: Int64, nanos: Int32, text: String) {
    let time = Google_Protobuf_Timestamp(seconds: seconds, nanos: nanos)
    #expect(compact.print(KitchenWellKnown(time: time)) == #"{"time":"\#(text)"}"#)
  }

  @Test("a timestamp that RFC 3339 cannot say shows its parts")
  func impossibleTimestamp() {
    let time = Google_Protobuf_Timestamp(seconds: 253_402_300_800)
    #expect(compact.print(time) == #"{"seconds":"253402300800"}"#)
  }

  @Test(
    "durations are seconds with an s",
    arguments: [
      (0, 0, "0s"), (1, 500_000_000, "1.500s"), (-1, -500_000_000, "-1.500s"),
      (0, -1, "-0.000000001s"), (3600, 0, "3600s"), (0, 1000, "0.000001s"),
    ] as [(Int64, Int32, String)])
  func durations(seconds: Int64, nanos: Int32, text: String) {
    let duration = Google_Protobuf_Duration(seconds: seconds, nanos: nanos)
    #expect(compact.print(duration) == "\"\(text)\"")
  }

  @Test("field masks are their paths, as JSON spells names")
  func fieldMasks() {
    func text(_ paths: String...) -> String {
      JSONPrinter(isPretty: false).print(Google_Protobuf_FieldMask(paths: paths))
    }
    #expect(text() == "\"\"")
    #expect(text("photo", "user.display_name", "a1_b2") == "\"photo,user.displayName,a1B2\"")
    // What could not be read back shows its parts.
    for path in ["fooBar", "foo_3", "foo__bar", "foo_", "foo bar"] {
      #expect(text(path) == "{\"paths\":[\"\(path)\"]}")
    }
  }

  @Test("printing strictly, what JSON has no form for is refused by the name of its type")
  func strict() throws {
    let printer = JSONPrinter(isPretty: false)
    let good = KitchenWellKnown(time: Google_Protobuf_Timestamp(seconds: 1))
    #expect(try printer.strictlyPrint(good) == printer.print(good))
    let late = Google_Protobuf_Timestamp(seconds: 253_402_300_800)
    #expect(throws: JSONPrinterError.outOfRange(type: "google.protobuf.Timestamp")) {
      try printer.strictlyPrint(KitchenWellKnown(time: late))
    }
    #expect(throws: JSONPrinterError.outOfRange(type: "google.protobuf.Duration")) {
      try printer.strictlyPrint(Google_Protobuf_Duration(seconds: 1, nanos: -1))
    }
    #expect(throws: JSONPrinterError.outOfRange(type: "google.protobuf.FieldMask")) {
      try printer.strictlyPrint(Google_Protobuf_FieldMask(paths: ["fooBar"]))
    }
  }

  @Test("wrappers, Value, Struct and ListValue are what they hold")
  func transparent() {
    let object = Google_Protobuf_Value(
      kind: .structValue(
        Google_Protobuf_Struct(fields: [
          "b": Google_Protobuf_Value(kind: .structValue(Google_Protobuf_Struct()))
        ])))
    let items: [Google_Protobuf_Value] = [
      Google_Protobuf_Value(kind: .numberValue(1)), Google_Protobuf_Value(kind: .stringValue("x")),
      Google_Protobuf_Value(kind: .nullValue(.nullValue)),
      Google_Protobuf_Value(kind: .boolValue(true)), object,
    ]
    let message = KitchenWellKnown(
      number: Google_Protobuf_Int64Value(),
      value: Google_Protobuf_Value(kind: .nullValue(.nullValue)),
      object: Google_Protobuf_Struct(fields: [
        "a": Google_Protobuf_Value(kind: .listValue(Google_Protobuf_ListValue(values: items)))
      ]),
      list: Google_Protobuf_ListValue())
    #expect(
      compact.print(message)
        == #"{"number":"0","value":null,"object":{"a":[1.0,"x",null,true,{"b":{}}]},"list":[]}"#)
  }
}

@Suite("Base64")
struct Base64Tests {
  @Test(
    "bytes are spelt as RFC 4648's test vectors and read back",
    arguments: [
      ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
      ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
  func vectors(plain: String, encoded: String) {
    #expect(Base64.encode(Array(plain.utf8)) == encoded)
    #expect(Base64.decode(encoded) == Array(plain.utf8))
  }

  @Test("every byte survives the way there and back")
  func allBytes() {
    let bytes = Array(0...255) as [UInt8]
    #expect(Base64.decode(Base64.encode(bytes)) == bytes)
  }

  @Test(
    "what is no base64 is refused",
    arguments: ["Z", "Zg", "Zg=", "Zg===", "Z===", "====", "Zg==Zg==", "Zm9v!", "Zh==", "Zm9="])
  func refused(text: String) {
    #expect(Base64.decode(text) == nil)
  }
}
