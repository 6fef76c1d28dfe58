import Foundation

/// A JSON value of the golden corpus: strict JSON, numbers parsed exactly.
indirect enum JSONValue: Sendable {
  case null
  case flag(Bool)
  case integer(Int64)
  case number(Double)
  case text(String)
  case list([JSONValue])
  case object([String: JSONValue])

  subscript(name: String) -> JSONValue? {
    guard case .object(let fields) = self else { return nil }
    return fields[name]
  }
}

/// What is wrong with a file of the corpus.
struct CorpusError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Parses strict JSON from bytes.
struct JSONParser {
  private let bytes: [UInt8]
  private var position = 0

  static func parse(_ bytes: [UInt8]) throws -> JSONValue {
    var parser = JSONParser(bytes: bytes + [0])
    let value = try parser.value()
    parser.skipSpace()
    guard parser.position == bytes.count else { throw parser.error("trailing bytes") }
    return value
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private func error(_ text: String) -> CorpusError { CorpusError("\(text) at byte \(position)") }

  private mutating func skipSpace() {
    while bytes[position] == 0x20 || (bytes[position] >= 0x09 && bytes[position] <= 0x0D) {
      position += 1
    }
  }

  private mutating func value() throws -> JSONValue {
    skipSpace()
    switch bytes[position] {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try list()
    case UInt8(ascii: "\""): return .text(try text())
    case UInt8(ascii: "t"): return try literal("true", .flag(true))
    case UInt8(ascii: "f"): return try literal("false", .flag(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    default: return try number()
    }
  }

  private mutating func literal(_ text: String, _ value: JSONValue) throws -> JSONValue {
    guard bytes[position...].starts(with: text.utf8) else { throw error("expected \(text)") }
    position += text.utf8.count
    return value
  }

  private mutating func object() throws -> JSONValue {
    var fields: [String: JSONValue] = [:]
    position += 1
    skipSpace()
    while bytes[position] != UInt8(ascii: "}") {
      let name = try text()
      skipSpace()
      guard bytes[position] == UInt8(ascii: ":") else { throw error("expected :") }
      position += 1
      fields[name] = try value()
      skipSpace()
      if bytes[position] == UInt8(ascii: ",") {
        position += 1
        skipSpace()
      }
    }
    position += 1
    return .object(fields)
  }

  private mutating func list() throws -> JSONValue {
    var entries: [JSONValue] = []
    position += 1
    skipSpace()
    while bytes[position] != UInt8(ascii: "]") {
      entries.append(try value())
      skipSpace()
      if bytes[position] == UInt8(ascii: ",") { position += 1 }
      skipSpace()
    }
    position += 1
    return .list(entries)
  }

  private mutating func number() throws -> JSONValue {
    let start = position
    var isInteger = true
    while true {
      switch bytes[position] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): position += 1
      case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "+"):
        isInteger = false
        position += 1
      default:
        return try numberValue(start, isInteger)
      }
    }
  }

  private func numberValue(_ start: Int, _ isInteger: Bool) throws -> JSONValue {
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger, let value = Int64(text) { return .integer(value) }
    guard let value = Double(text) else { throw error("not a number: \(text)") }
    return .number(value)
  }

  private mutating func text() throws -> String {
    guard bytes[position] == UInt8(ascii: "\"") else { throw error("expected a string") }
    let start = position + 1
    var end = start
    var isEscaped = false
    while bytes[end] != UInt8(ascii: "\"") {
      if bytes[end] == UInt8(ascii: "\\") {
        isEscaped = true
        end += 1
      }
      end += 1
      guard end < bytes.count else { throw error("string without end") }
    }
    position = end + 1
    guard isEscaped else { return String(decoding: bytes[start..<end], as: UTF8.self) }
    let data = Data(bytes[start - 1...end])
    return try JSONDecoder().decode(String.self, from: data)
  }
}
