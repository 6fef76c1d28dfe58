/// A call's metadata: lower-case ASCII keys, values of bytes, in order, keys may repeat.
public struct Metadata: Sendable, Equatable, ExpressibleByDictionaryLiteral {
  public struct Entry: Sendable, Equatable {
    public var key: String
    public var value: [UInt8]
  }

  public private(set) var entries: [Entry] = []

  /// Whether a text may be a key on the wire: lower-case ASCII letters, digits, `-`, `_` and `.`.
  static func isKey(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
          UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
          true
        default: false
        }
      }
  }

  public init() {}

  public init(dictionaryLiteral elements: (String, String)...) {
    for (key, value) in elements { add(key, value) }
  }

  public var isEmpty: Bool { entries.isEmpty }

  public mutating func add(_ key: String, _ value: String) {
    add(key, Array(value.utf8))
  }

  public mutating func add(_ key: String, _ value: [UInt8]) {
    entries.append(Entry(key: key.lowercased(), value: value))
  }

  /// The first value of a key, as bytes.
  public subscript(bytes key: String) -> [UInt8]? {
    entries.first { $0.key == key }?.value
  }

  /// The first value of a key, as text.
  public subscript(key: String) -> String? {
    self[bytes: key].map { String(decoding: $0, as: UTF8.self) }
  }
}

struct MetadataKeyError: Error, CustomStringConvertible {
  var description: String { "keys are lower-case ASCII letters, digits, '-', '_' and '.'" }
}
